import { IsolateError, messageOf } from "../../base/errors.ts";
import { ResourceTypeError } from "../base/errors.ts";
import type { Describe } from "./metadata.ts";
import type { BundledType } from "./type.ts";

/** A type of code that is made when it is asked for, with errors by its label. */
export async function toType(
  label: string,
  bundle: () => Promise<string>,
  describe: Describe,
): Promise<BundledType> {
  const failed = (error: unknown): never => {
    // The sandbox is not there: nothing is wrong with the type.
    if (error instanceof IsolateError) throw error;
    throw new ResourceTypeError(`Failed to bundle ${label}: ${messageOf(error)}`);
  };
  const code = await bundle().catch(failed);
  const { name, aliases, description, schema, sandbox, resolves } =
    await describe(code).catch(failed);
  if (name === undefined) {
    throw new ResourceTypeError(`Resource type at ${label} must have a name`);
  }
  if (!resolves) {
    throw new ResourceTypeError(`Resource type at ${label} must have a resolve function`);
  }
  return {
    name,
    ...(aliases && { aliases }),
    description,
    ...(schema && { schema }),
    code,
    ...(sandbox && { sandbox }),
  };
}
