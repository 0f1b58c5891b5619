import pg from "pg";
import type { MovedTable } from "./tables.ts";

/** Leaves each value as the text that the database has sent, so that no parser changes it. */
const AS_TEXT = { getTypeParser: () => (text: string | Buffer) => text };

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Copies a tenant's rows of a table in batches. Those that are there already stay as they are. */
export async function copyRows(
  source: pg.Client,
  target: pg.Client,
  table: MovedTable,
  tenant: string,
): Promise<number> {
  const columns = await columnsOf(source, table.name);
  const name = nameOf(table.name);
  const selected = columns.map(({ name: column }) => table.as?.[column] ?? quoted(column));
  const keys = table.key.map(quoted).join();
  const places = table.key.map((key) => columns.findIndex((column) => column.name === key));
  const bounds = places.map((place, index) => `$${index + 2}::${columns[place]?.type}`).join();
  const inserted = columns.map(({ type }, index) => `v${index}::${type}`).join();
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join();
  const names = columns.map((_, index) => `v${index}`).join();
  const insert = `insert into ${name} (${columns.map((column) => quoted(column.name)).join()})
    select ${inserted} from unnest(${arrays}) as v (${names}) on conflict do nothing`;
  let total = 0;
  for (let last: string[] = []; ; ) {
    const { rows } = await source.query<(string | null)[]>({
      text: `select ${selected.join()} from ${name} where tenant = $1
        ${last.length > 0 ? `and (${keys}) > (${bounds})` : ""} order by ${keys} limit ${table.batch}`,
      values: [tenant, ...last],
      rowMode: "array",
      types: AS_TEXT,
    });
    const end = rows.at(-1);
    if (end === undefined) return total;
    await target.query(
      insert,
      columns.map((_, index) => rows.map((row) => row[index])),
    );
    total += rows.length;
    last = places.map((place) => end[place] ?? "");
  }
}

/** Deletes a tenant's rows of a table in batches, so that no statement takes long. */
export async function deleteRows(
  client: pg.Client,
  table: MovedTable,
  tenant: string,
): Promise<void> {
  const keys = table.key.map(quoted).join();
  const name = nameOf(table.name);
  const sql = `delete from ${name} where tenant = $1 and (${keys}) in (
    select ${keys} from ${name} where tenant = $1 limit ${table.batch})`;
  while (((await client.query(sql, [tenant])).rowCount ?? 0) > 0);
}

/** Counts a tenant's rows of a table. */
export async function countRows(client: pg.Client, table: string, tenant: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from ${nameOf(table)} where tenant = $1`,
    [tenant],
  );
  return rows[0]?.count ?? 0;
}

/** Returns the tables of a store that have a column `tenant`, parts of tables left out. */
export async function tenantTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'isolate'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and a.attname = 'tenant' and not a.attisdropped and c.relname !~ '^executions_'`,
  );
  return rows.map(({ name }) => name);
}

async function columnsOf(client: pg.Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [nameOf(table)],
  );
  return rows;
}

function nameOf(table: string): string {
  return `isolate.${quoted(table)}`;
}

function quoted(name: string): string {
  return pg.escapeIdentifier(name);
}
