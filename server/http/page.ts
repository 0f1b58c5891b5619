import { z } from "zod";

/** Entries of a page, in a query whose list has up to a hundred of them. */
export const pageLimit = z
  .string()
  .regex(/^([1-9]|[1-9]\d|100)$/, "Expected 1 to 100")
  .transform(Number)
  .optional();

/** Of a request that does not say. */
export const PAGE = 50;

/**
 * The page among what was found, which is one more than fits if there are more; `next` is what the
 * page after it begins behind.
 */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  nameOf: (entry: T) => string,
): { readonly page: readonly T[]; readonly next?: string } {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { page, ...(found.length > limit && last !== undefined && { next: nameOf(last) }) };
}
