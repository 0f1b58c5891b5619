import { customType, pgSchema, timestamp } from "drizzle-orm/pg-core";
import { exactJson } from "../../../src/base/exact-json.ts";
import type { FinalJobAnswer } from "../contract/jobs.ts";

/** Schema of its own, apart from other data in the operator's database. */
export const schema = pgSchema("isolate");

export const time = () => timestamp({ withTimezone: true, precision: 3, mode: "date" });
export const created = () => time().notNull().defaultNow();
/** A time that only the database compares, with all its digits. */
export const instant = () => timestamp({ withTimezone: true, mode: "string" });

/**
 * Text. PostgreSQL's texts can hold neither NUL nor half a surrogate pair, so U+FFFD replaces both.
 */
export const text = customType<{ data: string; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => value.replaceAll("\0", "\uFFFD").toWellFormed(),
});

/**
 * A JSON value, stored as text with all its characters. `jsonb` refuses NUL and half a surrogate
 * pair, which code and input may contain.
 */
export const json = customType<{ data: unknown; driverData: string }>({
  dataType: () => "text",
  toDriver: exactJson,
  fromDriver: (value) => JSON.parse(value),
});

const [STATUS, BODY] = ['{"status":', ',"body":'];

/** An answer as JSON text. It is composed and split without being parsed. */
export const answer = customType<{ data: FinalJobAnswer; driverData: string }>({
  dataType: () => "text",
  toDriver: ({ status, body }) => `${STATUS}${status}${BODY}${body}}`,
  fromDriver: (value) => {
    const end = value.indexOf(BODY);
    return {
      status: Number(value.slice(STATUS.length, end)),
      body: value.slice(end + BODY.length, -1),
    };
  },
});

export const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => "bytea",
});
