import { customType } from "drizzle-orm/pg-core";

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

export const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => "bytea",
});
