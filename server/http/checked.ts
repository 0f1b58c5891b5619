import type { ZodType } from "zod";
import { firstIssue } from "../../src/config/config.ts";
import { assertBounded } from "./schema-bounds.ts";

/**
 * Checks a part of a request by its schema, if there is one.
 *
 * @throws {BadRequest} Naming the first field that is wrong.
 */
export function checked<T>(schema: ZodType<T>, given: unknown): T;
export function checked(schema: ZodType | undefined, given: unknown): unknown;
export function checked(schema: ZodType | undefined, given: unknown): unknown {
  if (schema === undefined) return undefined;
  assertBounded(schema, given);
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw firstIssue(parsed.error, schema);
  return parsed.data;
}
