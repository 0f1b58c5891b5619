import { z } from "zod";

/** Query parameter for the entries of a page, up to a hundred. */
export const pageLimit = z
  .string()
  .regex(/^([1-9]|[1-9]\d|100)$/, "Expected 1 to 100")
  .transform(Number)
  .optional();

/** Default number of entries. */
export const PAGE = 50;

/**
 * Cuts a page out of the entries found, of which there is one too many if more exist. The next page
 * begins after the entry `next`.
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
