import type { PgTable } from "drizzle-orm/pg-core";
import type { Database } from "./drizzle.ts";
import { OPERATORS } from "./operators.ts";
import { tableView } from "./table.ts";

/** Methods of Drizzle that `db` has, too. */
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

/** Names that no table may have. */
export const SURFACE_NAMES: readonly string[] = [
  ...METHODS,
  "query",
  "db",
  "operators",
  "tables",
  "transaction",
  "close",
];

/** Names that promises, JSON and the language itself ask an object for. */
const ASKED_FOR = new Set(["then", "toJSON", ...Object.getOwnPropertyNames(Object.prototype)]);

type Tables = ReadonlyMap<string, PgTable>;

/**
 * Makes `db`, or the `tx` of a transaction: tables by name, Drizzle, and its methods. The object is
 * frozen. An unknown name throws a TypeError that lists the tables.
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
