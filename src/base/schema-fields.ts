import type { ZodType } from "zod";

/** The parts used here of a schema's definition. */
interface Definition {
  readonly shape?: Record<string, ZodType>;
  readonly element?: ZodType;
  readonly valueType?: ZodType;
  readonly innerType?: ZodType;
  readonly in?: ZodType;
  readonly options?: readonly ZodType[];
}

/** Lists the fields that a schema knows at a place of a value. */
export function fieldsAt(schema: ZodType, path: readonly PropertyKey[]): string[] {
  const [key, ...rest] = path;
  const {
    shape,
    element,
    valueType,
    innerType,
    in: input,
    options = [],
  } = schema.def as Definition;
  const wrapped = innerType ?? input;
  if (wrapped !== undefined) return fieldsAt(wrapped, path);
  if (options.length > 0) return options.flatMap((option) => fieldsAt(option, path));
  if (key === undefined) return Object.keys(shape ?? {});
  const inner = element ?? valueType ?? (typeof key === "string" ? own(shape, key) : undefined);
  return inner === undefined ? [] : fieldsAt(inner, rest);
}

function own(shape: Record<string, ZodType> = {}, key: string): ZodType | undefined {
  return Object.hasOwn(shape, key) ? shape[key] : undefined;
}
