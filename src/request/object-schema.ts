import { z } from "zod";

type Fields = z.core.$ZodLooseShape;

/** Is `z.object()` whose type is the fields themselves: declarations of a mapped type lose their doc comments. */
export function object<T extends Fields>(fields: T): z.ZodObject<T, z.core.$strip> {
  return z.object(fields) as unknown as z.ZodObject<T, z.core.$strip>;
}

/** Is `z.strictObject()`, likewise. */
export function strictObject<T extends Fields>(fields: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(fields) as unknown as z.ZodObject<T, z.core.$strict>;
}

/**
 * Marks a field of an answer that may be absent and is never `undefined`. It is `exactOptional()` as a type; as a
 * schema it is `optional()`, because the generator of the contract takes the other one for required.
 */
export function absent<T extends z.ZodType>(field: T): z.ZodExactOptional<T> {
  return field.optional() as unknown as z.ZodExactOptional<T>;
}
