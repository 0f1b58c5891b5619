import { getTableName } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Database } from "./drizzle.ts";
import { type OrderBy, toCondition, toOrder, type Where } from "./where.ts";

export interface FindOptions {
  readonly where?: Where;
  readonly limit?: number;
  readonly offset?: number;
  readonly orderBy?: OrderBy;
}

/** Names that a table has here besides those of its columns. */
export const TABLE_NAMES: readonly string[] = [
  "select",
  "insert",
  "update",
  "delete",
  "findMany",
  "findFirst",
  "findUnique",
];

const FIND_OPTIONS = ["where", "limit", "offset", "orderBy"];

/** Makes a table with its own queries. It inherits from Drizzle's table, so any query takes it. */
export function tableView(database: Database, table: PgTable): PgTable {
  async function find(options: FindOptions): Promise<object[]> {
    checkOptions(options, FIND_OPTIONS);
    const { where, limit, offset, orderBy } = options;
    let query = database.select().from(table).$dynamic();
    query = query.where(toCondition(table, where)).orderBy(...toOrder(table, orderBy));
    if (limit !== undefined) query = query.limit(count(limit, "limit"));
    if (offset !== undefined) query = query.offset(count(offset, "offset"));
    return await query;
  }

  const queries = {
    select: (fields?: never) =>
      fields === undefined ? database.select().from(table) : database.select(fields).from(table),
    insert: (values: never) => database.insert(table).values(values),
    update: (values: never) => database.update(table).set(values),
    delete: () => database.delete(table),
    findMany: (options: FindOptions = {}) => find(options),
    async findFirst(options: FindOptions = {}): Promise<object | null> {
      const [first = null] = await find({ ...options, limit: 1 });
      return first;
    },
    async findUnique(options: Pick<FindOptions, "where">): Promise<object | null> {
      checkOptions(options, ["where"]);
      const { where } = options;
      if (where === undefined || Object.keys(where).length === 0) {
        throw new TypeError('findUnique() needs a "where"');
      }
      const [found = null, ...others] = await find({ where, limit: 2 });
      if (others.length === 0) return found;
      throw new TypeError(`More than one row of "${getTableName(table)}" is like that`);
    },
  };
  const view = Object.create(table) as PgTable;
  for (const [name, value] of Object.entries(queries)) Object.defineProperty(view, name, { value });
  return Object.freeze(view);
}

function checkOptions(options: object | undefined, known: readonly string[]): void {
  for (const name of Object.keys(options ?? {})) {
    if (known.includes(name)) continue;
    throw new TypeError(`Unknown option "${name}"; there is ${known.join(", ")}`);
  }
}

function count(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(`"${name}" is a whole number from 0 on, not ${String(value)}`);
}
