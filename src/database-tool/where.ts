import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  getTableName,
  inArray,
  is,
  isNull,
  or,
  SQL,
} from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";

/**
 * Condition: Drizzle's, or column → value. A value is `null`, one value, or an array of
 * alternatives.
 */
export type Where = SQL | Readonly<Record<string, unknown>>;

/** Order: Drizzle's order or column, or column → `"asc"` or `"desc"`, or an array of these. */
export type OrderBy = unknown;

/**
 * Converts `where` to Drizzle's condition.
 *
 * @throws {TypeError} Naming the column, for a value that cannot be compared.
 */
export function toCondition(table: PgTable, where: Where | undefined): SQL | undefined {
  if (where === undefined || is(where, SQL)) return where;
  return and(
    ...entries(where, "where").map(([key, value]) => {
      const column = columnOf(table, key);
      if (Array.isArray(value) && column.dataType !== "array") return among(column, value, key);
      checkValue(column, value, key);
      return value === null ? isNull(column) : eq(column, value);
    }),
  );
}

export function toOrder(table: PgTable, orderBy: OrderBy): (SQL | PgColumn)[] {
  if (orderBy === undefined) return [];
  const items: unknown[] = Array.isArray(orderBy) ? orderBy : [orderBy];
  return items.flatMap((item) => {
    if (!isPlain(item)) return [item as SQL];
    return entries(item, "orderBy").map(([key, direction]) => {
      const column = columnOf(table, key);
      if (direction === "asc") return asc(column);
      if (direction === "desc") return desc(column);
      throw new TypeError(`orderBy.${key} is "asc" or "desc", not ${String(direction)}`);
    });
  });
}

function among(column: PgColumn, values: readonly unknown[], key: string): SQL | undefined {
  for (const value of values) checkValue(column, value, key);
  const some = inArray(
    column,
    values.filter((value) => value !== null),
  );
  return values.includes(null) ? or(some, isNull(column)) : some;
}

function columnOf(table: PgTable, key: string): PgColumn {
  const columns: Record<string, PgColumn> = getTableColumns(table);
  const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
  if (column !== undefined) return column;
  const known = Object.keys(columns).join(", ");
  throw new TypeError(`Table "${getTableName(table)}" has no column "${key}"; there is ${known}`);
}

/**
 * Refuses values with which the driver would find other rows than meant, or fail without a name.
 */
function checkValue(column: PgColumn, value: unknown, key: string): void {
  if (value === undefined) throw new TypeError(`where.${key} is undefined`);
  if (!isPlain(value) || column.dataType === "json" || column.dataType === "custom") return;
  throw new TypeError(`where.${key} is an object: for more than equality, use db.operators`);
}

function entries(value: object, option: string): [string, unknown][] {
  if (isPlain(value)) return Object.entries(value);
  throw new TypeError(`"${option}" is an object of columns, or what db.operators make`);
}

/** Tests whether a value is a plain object, of any realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
