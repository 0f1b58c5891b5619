import type { ZodType } from "zod";
import { BadRequest } from "../../src/base/errors.ts";
import { shorten } from "../../src/base/shorten.ts";

/** Members of a list or a record without a limit in its schema, and of unknown fields. */
const MAX_MEMBERS = 1_000;
/** Members of one value in all. Each can be an issue, and each issue is a text. */
const MAX_IN_ALL = 20_000;

/** The parts used here of a schema's definition. */
interface Definition {
  readonly type: string;
  readonly shape?: Record<string, ZodType>;
  readonly element?: ZodType;
  readonly valueType?: ZodType;
  readonly innerType?: ZodType;
  readonly in?: ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly maximum?: number } } }[];
}

/**
 * Checks the number of a value's members before validation, because a schema reports an issue for
 * each. Parts that the schema leaves open are not checked.
 *
 * @throws {BadRequest} If a list, a record or the whole value has too many members.
 */
export function assertBounded(schema: ZodType, value: unknown): void {
  visit(schema, value, "", { left: MAX_IN_ALL });
}

function visit(schema: ZodType, value: unknown, field: string, budget: { left: number }): void {
  if (typeof value !== "object" || value === null) return;
  const def = schema.def as Definition;
  if (def.type === "array" && Array.isArray(value)) {
    count(value.length, mostOf(def), field, budget);
    for (const [at, item] of value.entries()) {
      visit(def.element as ZodType, item, `${field}[${at}]`, budget);
    }
  } else if (def.type === "record") {
    const members = Object.values(value);
    count(members.length, MAX_MEMBERS, field, budget);
    for (const member of members) visit(def.valueType as ZodType, member, field, budget);
  } else if (def.type === "object") {
    visitFields(def.shape ?? {}, value, field, budget);
  } else if (def.type === "catch") {
    visitCaught(def.innerType as ZodType, value, field, budget);
  } else {
    const inner = def.innerType ?? def.in;
    if (inner !== undefined) visit(inner, value, field, budget);
  }
}

/** Checks a value whose own errors do not count. What it adds to the whole does. */
function visitCaught(
  inner: ZodType,
  value: unknown,
  field: string,
  budget: { left: number },
): void {
  try {
    visit(inner, value, field, budget);
  } catch (error) {
    if (budget.left < 0) throw error;
  }
}

function visitFields(
  shape: Record<string, ZodType>,
  value: object,
  field: string,
  budget: { left: number },
): void {
  const names = Object.keys(value);
  budget.left -= names.length;
  if (names.length > Object.keys(shape).length + MAX_MEMBERS) {
    const unknown = shorten(names.find((name) => !Object.hasOwn(shape, name)) ?? "");
    throw new BadRequest(join(field, unknown), `Unknown field "${unknown}", and too many others`);
  }
  for (const [name, inner] of Object.entries(shape)) {
    if (Object.hasOwn(value, name)) {
      visit(inner, (value as Record<string, unknown>)[name], join(field, name), budget);
    }
  }
}

/** Returns the most items that a list's schema allows. */
function mostOf({ checks = [] }: Definition): number {
  const most = checks.map((check) => check._zod.def.maximum ?? MAX_MEMBERS);
  return Math.min(MAX_MEMBERS, ...most);
}

function count(members: number, most: number, field: string, budget: { left: number }): void {
  budget.left -= members;
  if (members <= most && budget.left >= 0) return;
  const message = members > most ? `More than ${most} members` : "Too many members in all";
  throw new BadRequest(field, field === "" ? message : `${field}: ${message}`);
}

function join(field: string, name: string): string {
  return field === "" ? name : `${field}.${name}`;
}
