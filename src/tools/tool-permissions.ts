import { ToolError } from "../base/errors.ts";
import type { Perms } from "../permissions/perms.ts";
import { checkPermissions, ignoreFailure, isThenable } from "./shape.ts";
import type { Tool, ToolContext } from "./tool.ts";

/**
 * Returns the permissions of a tool for one execution. Default `"none"`.
 *
 * @throws {ToolError} If its function throws, is asynchronous, or returns no permissions.
 *
 * @example
 * const tool = { name: "disk", permissions: ({ request }) => ({ read: [request.input.path] }) };
 * toolPermissions(tool, { request: { input: { path: "/data" } } }) // { read: ["/data"] }
 */
export function toolPermissions(
  { name, permissions = "none" }: Pick<Tool, "name" | "permissions">,
  context: ToolContext,
): Perms {
  if (typeof permissions !== "function") return permissions;
  let value: unknown;
  try {
    value = permissions(context);
  } catch (cause) {
    throw new ToolError(name, 'its function "permissions" threw', { cause });
  }
  if (isThenable(value)) {
    ignoreFailure(value);
    throw new ToolError(name, 'its function "permissions" returned a promise');
  }
  try {
    return checkPermissions(value);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new ToolError(name, `its function "permissions" returned no permissions: ${reason}`, {
      cause,
    });
  }
}
