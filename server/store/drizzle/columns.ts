import { customType } from "drizzle-orm/pg-core";
import type { FinalJobAnswer } from "../contract/jobs.ts";

/** Text. PostgreSQL has neither NUL nor half surrogate pairs in its texts: U+FFFD is kept instead. */
export const text = customType<{ data: string; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => value.replaceAll("\0", "\uFFFD").toWellFormed(),
});

/**
 * A value as JSON, in a text: as it was written, whatever its characters are. `jsonb` refuses NUL
 * and half surrogate pairs, which code and input may have.
 */
export const json = customType<{ data: unknown; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => JSON.parse(value),
});

const [STATUS, BODY] = ['{"status":', ',"body":'];

/** An answer as JSON, in a text that is put together and cut without being parsed. */
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
