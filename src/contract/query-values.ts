/** What goes into a query of the store, within what PostgreSQL has for it. */
import { z } from "zod";

/** Of up to so many characters. PostgreSQL's texts have no NUL. */
export function text(most: number) {
  return z
    .string()
    .max(most)
    .refine((value) => !value.includes("\0"), "Contains a NUL character");
}

/** A moment, whatever offset it is written with: beyond these years it is written otherwise than PostgreSQL reads it. */
export const time = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9_999, {
    error: "Not within the years 1 to 9999, in UTC",
  });

/** Of a function: within nine digits, as in paths. */
export const versionNumber = z.int().min(1).max(999_999_999);
