import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { MIGRATIONS } from "../../server/store/drizzle/migrations.ts";

/** First snapshot since which migrations have only added. */
const FIRST = "0008";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly primaryKey: boolean;
  readonly notNull: boolean;
  readonly default?: unknown;
}

interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly compositePrimaryKeys: Readonly<Record<string, { columns: readonly string[] }>>;
}

type Tables = Readonly<Record<string, Table>>;

/** Reads the tables as each version of the current major one has known them. */
export async function formerSnapshots(): Promise<[name: string, tables: Tables][]> {
  const folder = join(MIGRATIONS.migrationsFolder, "meta");
  const names = (await readdir(folder)).filter((name) => /^\d{4}_snapshot/.test(name)).sort();
  return Promise.all(
    names
      .filter((name) => name >= FIRST)
      .map(async (name) => {
        const { tables } = JSON.parse(await readFile(join(folder, name), "utf8"));
        return [name, tables as Tables] as [string, Tables];
      }),
  );
}

/** Values that every column of that type takes. */
function sample(type: string): string {
  if (type === "text") return "'x'";
  if (type === "boolean") return "false";
  if (type === "uuid") return "'018f0000-0000-7000-8000-000000000000'";
  if (type === "date") return "current_date";
  if (type === "bytea") return "'\\x00'";
  return type.startsWith("timestamp") ? "now()" : "1";
}

/**
 * Does what a server with those tables does. It inserts rows with the least and with all columns,
 * inserts them again by the primary key, and reads each column as its type. Leaves nothing behind.
 * Returns what fails, also after a `change` of the tables.
 */
export async function formerFaults(
  client: pg.Client,
  tables: Tables,
  change = "",
): Promise<string[]> {
  const faults: string[] = [];
  await client.query(`begin; ${change}`);
  let left = Object.values(tables);
  for (let failed: [Table, string][] = []; left.length > 0; failed = []) {
    for (const table of left) {
      const fault = await tried(client, statements(table));
      if (fault !== undefined) failed.push([table, fault]);
    }
    // A foreign key may lead to a table that comes later.
    if (failed.length === left.length) {
      faults.push(...failed.map(([{ name }, fault]) => `${name}: ${fault}`));
      break;
    }
    left = failed.map(([table]) => table);
  }
  await client.query("rollback");
  return faults;
}

/** Runs statements, all of them or none. Returns the error. */
async function tried(client: pg.Client, sql: readonly string[]): Promise<string | undefined> {
  await client.query("savepoint one");
  try {
    for (const statement of sql) await client.query(statement);
    return undefined;
  } catch (error) {
    await client.query("rollback to savepoint one");
    return String(error);
  }
}

function statements(table: Table): string[] {
  const name = `isolate.${pg.escapeIdentifier(table.name)}`;
  const columns = Object.values(table.columns);
  const keys = [
    ...Object.values(table.compositePrimaryKeys).flatMap((key) => key.columns),
    ...columns.filter((column) => column.primaryKey).map((column) => column.name),
  ];
  const insert = (some: readonly Column[], values: readonly string[]): string =>
    `insert into ${name} (${list(some.map((column) => column.name))}) values (${values.join()})
     on conflict (${list(keys)}) do update set ${pg.escapeIdentifier(keys[0] ?? "")} = excluded.${pg.escapeIdentifier(keys[0] ?? "")}`;
  const least = columns.filter((column) => column.notNull && column.default === undefined);
  return [
    insert(
      least,
      least.map(({ type }) => sample(type)),
    ),
    insert(
      columns,
      columns.map((column) => (column.default === undefined ? sample(column.type) : "default")),
    ),
    ...columns.map((column) => typed(table, column)),
    `delete from ${name} where false`,
  ];
}

/** Fails unless a column has the type that it had. */
function typed(table: Table, { name, type }: Column): string {
  const [column, known] = [name, type.replace("timestamp (3)", "timestamp(3)")].map(
    pg.escapeLiteral,
  );
  return `select 1 / (format_type(atttypid, atttypmod) = ${known})::int from pg_attribute
    where attrelid = 'isolate.${table.name}'::regclass and attname = ${column}`;
}

function list(names: readonly string[]): string {
  return names.map((name) => pg.escapeIdentifier(name)).join(", ");
}
