import { customType } from "drizzle-orm/pg-core";

/** Text. PostgreSQL has no NUL in its texts; the character that stands for unknown ones is kept instead. */
export const text = customType<{ data: string; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => value.replaceAll("\0", "\uFFFD"),
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
