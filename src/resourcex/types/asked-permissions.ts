import { shape } from "../../permissions/shape.ts";

const MAX_TOOLS = 100;
const TOOL_NAME = /^[A-Za-z][\w-]{0,63}$/;

/**
 * Finds the first fault of a type's permissions that no host could grant. The text begins with the
 * field.
 *
 * @example
 * permissionFault({ net: [1] }) // "permissions.net[0]: is no text"
 */
export function permissionFault(permissions: unknown): string | undefined {
  return shape(permissions, "permissions").refusals[0]?.message;
}

/** Finds the first fault of a type's tools. The text begins with the field. */
export function toolsFault(tools: unknown): string | undefined {
  if (tools === undefined) return undefined;
  if (!Array.isArray(tools)) return "tools: is not a list of names";
  if (tools.length > MAX_TOOLS) return `tools: has more than ${MAX_TOOLS} entries`;
  const bad = tools.findIndex((name) => typeof name !== "string" || !TOOL_NAME.test(name));
  return bad === -1 ? undefined : `tools[${bad}]: is not the name of a tool`;
}
