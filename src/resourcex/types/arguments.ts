import { createContext, Script } from "node:vm";
import { Ajv, type ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { messageOf } from "../../base/errors.ts";
import { jsonShape } from "../../base/json-shape.ts";
import { ResourceTypeError } from "../base/resourcex-errors.ts";
import type { BundledType } from "./type.ts";

const MAX_SCHEMA_CHARACTERS = 65_536;
const MAX_SCHEMA_DEPTH = 64;
const WITHIN = 1_000;
const NEWER_DRAFT = "https://json-schema.org/draft/2020-12/schema";
const OPTIONS = { strict: false, validateFormats: false, logger: false } as const;

/**
 * Returns the checked arguments.
 *
 * @throws {ResourceTypeError} Naming the field.
 */
export type CheckArguments = (args: unknown) => unknown;

/**
 * Makes the check for a type's arguments: JSON Schema draft-07, or 2020-12 if `$schema` says so.
 * Missing arguments count as an empty object.
 *
 * @throws {ResourceTypeError} For a malformed schema.
 */
export function argumentCheck({ name, schema }: BundledType): CheckArguments {
  if (schema === undefined) return (args) => args;
  const validate = compile(name, schema);
  return (args = {}) => {
    let valid: unknown;
    try {
      valid = bounded(() => validate(args));
    } catch (error) {
      throw new ResourceTypeError(`Cannot check the arguments of '${name}': ${messageOf(error)}`);
    }
    if (valid === true) return args;
    const [error] = validate.errors ?? [];
    throw new ResourceTypeError(`Invalid arguments for '${name}': ${describe(error)}`);
  };
}

function compile(name: string, schema: object) {
  const refuse = (why: string): never => {
    throw new ResourceTypeError(`Type '${name}' has a bad schema: ${why}`);
  };
  const text = JSON.stringify(schema);
  if (text.length > MAX_SCHEMA_CHARACTERS) refuse(`more than ${MAX_SCHEMA_CHARACTERS} characters`);
  if (jsonShape(text).depth > MAX_SCHEMA_DEPTH) refuse(`more than ${MAX_SCHEMA_DEPTH} levels`);
  // An asynchronous check would return a promise, which counts as true.
  if (text.includes('"$async"')) refuse('"$async" is not supported');
  const draft = (schema as { $schema?: unknown }).$schema;
  try {
    return bounded(() => new (draft === NEWER_DRAFT ? Ajv2020 : Ajv)(OPTIONS).compile(schema));
  } catch (error) {
    return refuse(messageOf(error));
  }
}

const script = new Script("act()");
const context = createContext({ act: undefined });

/**
 * Runs a function with a time limit. Without it, a pattern could take forever on a hostile text.
 */
function bounded<T>(act: () => T): T {
  context.act = act;
  return script.runInContext(context, { timeout: WITHIN });
}

function describe(error: ErrorObject | undefined): string {
  if (error === undefined) return "they are not what the schema says";
  const { instancePath, params, message } = error;
  const own = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  const path = instancePath.split("/").slice(1).map(unescaped);
  const field = [...path, ...(own === undefined ? [] : [String(own)])].join(".");
  return `${field === "" ? "they" : `"${field}"`} ${message}`;
}

/** Decodes a part of a JSON Pointer. */
function unescaped(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
