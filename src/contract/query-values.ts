/** Schemas of values for the store's queries, within PostgreSQL's limits. */
import { z } from "zod";

/** Makes a schema for text of at most `most` characters. PostgreSQL's texts have no NUL. */
export function text(most: number) {
  return z
    .string()
    .max(most)
    .refine((value) => !value.includes("\0"), "Contains a NUL character");
}

/** Time with any offset, in the years that JavaScript writes in a form PostgreSQL reads. */
export const time = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9_999, {
    error: "Not within the years 1 to 9999, in UTC",
  });

/** Version of a function, with at most nine digits, as in paths. */
export const versionNumber = z.int().min(1).max(999_999_999);
