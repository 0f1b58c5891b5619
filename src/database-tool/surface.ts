import type { PgTable } from "drizzle-orm/pg-core";
import type { Database } from "./drizzle.ts";
import { OPERATORS } from "./operators.ts";
import { tableView } from "./table.ts";

/** Drizzle's own methods that `db` has, too. */
const METHODS = [
  "select",
  "selectDistinct",
  "selectDistinctOn",
  "insert",
  "update",
  "delete",
  "execute",
  "with",
  "$with",
  "$count",
  "rollback",
] as const;

/** Names that are no table's. */
export const SURFACE_NAMES: readonly string[] = [
  ...METHODS,
  "query",
  "db",
  "operators",
  "tables",
  "transaction",
  "close",
];

/** What anybody may ask an object for: promises, JSON, and the language itself. */
const ASKED_FOR = new Set(["then", "toJSON", ...Object.getOwnPropertyNames(Object.prototype)]);

type Tables = ReadonlyMap<string, PgTable>;

/**
 * What `db` is, and the `tx` of a transaction: the tables by their names, Drizzle, and its methods.
 * Frozen. Asking for a name that is not there throws a TypeError, which says what tables there are.
 */
export function surface(database: Database, tables: Tables, close?: () => Promise<void>): object {
  const names = [...tables.keys()].sort();
  const found: Record<string, unknown> = Object.create(null);
  for (const [name, table] of tables) found[name] = tableView(database, table);
  for (const name of METHODS) {
    const method: unknown = Reflect.get(database, name);
    if (typeof method === "function") found[name] = method.bind(database);
  }
  Object.assign(found, {
    query: database,
    db: database,
    operators: OPERATORS,
    tables: Object.freeze(names),
    transaction: (run: (tx: object) => Promise<unknown>, config?: object) =>
      database.transaction(async (inner) => run(surface(inner as Database, tables)), config),
    ...(close && { close }),
  });
  return new Proxy(Object.freeze(found), {
    get(target, name) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name);
      if (ASKED_FOR.has(name)) return undefined;
      const there = names.length === 0 ? "there are no tables" : `there is ${names.join(", ")}`;
      throw new TypeError(`The database has no table "${name}"; ${there}`);
    },
  });
}
