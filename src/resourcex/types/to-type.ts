import { IsolateError, messageOf } from "../../base/errors.ts";
import { ResourceTypeError } from "../base/resourcex-errors.ts";
import type { Describe } from "./metadata.ts";
import type { BundledType } from "./type.ts";

/** Makes a type from code that is bundled on demand. Errors name its label. */
export async function toType(
  label: string,
  bundle: () => Promise<string>,
  describe: Describe,
): Promise<BundledType> {
  const failed = (fault: string) => new ResourceTypeError(`Failed to bundle ${label}: ${fault}`);
  const code = await bundle().catch((error: unknown) => {
    throw error instanceof IsolateError ? error : failed(messageOf(error));
  });
  const described = await describe(code);
  if ("fault" in described) throw failed(described.fault);
  const { name, aliases, description, schema, permissions, tools, sandbox, resolves } = described;
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
    ...(permissions !== undefined && { permissions }),
    ...(tools && { tools }),
    ...(sandbox && { sandbox }),
  };
}
