import { z } from "zod";

type Fields = z.core.$ZodLooseShape;

/**
 * Wraps `z.object()` so that its type is the fields themselves: declarations of a mapped type lose
 * their doc comments.
 */
export function object<T extends Fields>(fields: T): z.ZodObject<T, z.core.$strip> {
  return z.object(fields) as unknown as z.ZodObject<T, z.core.$strip>;
}

/** Wraps `z.strictObject()` in the same way. */
export function strictObject<T extends Fields>(fields: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(fields) as unknown as z.ZodObject<T, z.core.$strict>;
}

/**
 * Marks a field of an answer that may be absent and is never `undefined`. Its type is that of
 * `exactOptional()`. Its schema is `optional()`, because the contract's generator takes
 * `exactOptional()` for required.
 */
export function absent<T extends z.ZodType>(field: T): z.ZodExactOptional<T> {
  return field.optional() as unknown as z.ZodExactOptional<T>;
}
