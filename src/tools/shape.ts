import { type Perms, toObject } from "../permissions/perms.ts";
import type { Tool } from "./tool.ts";

const NAME = /^[A-Za-z][\w-]{0,63}$/;
const PERMISSIONS = ["env", "net", "read", "write", "run", "ffi", "sys", "hrtime"];

/**
 * Checks that a value is a tool, and returns it.
 *
 * @throws {Error} Describing the fault.
 */
export function toTool(value: unknown): Tool {
  if (typeof value !== "object" || value === null) {
    const given = value === null || value === undefined ? String(value) : `a ${typeof value}`;
    throw new Error(`A tool is an object, not ${given}`);
  }
  if (isThenable(value)) {
    ignoreFailure(value);
    throw new Error("A tool is an object, not a promise: prepare in its setup, which may be async");
  }
  const { name, description, permissions, setup } = value as Partial<Record<keyof Tool, unknown>>;
  if (typeof name !== "string") throw new Error("The tool has no name");
  if (!NAME.test(name)) {
    const shown = JSON.stringify(name.slice(0, 100));
    throw new Error(`The tool's name ${shown} is not a letter, then up to 63 of A-Z a-z 0-9 _ -`);
  }
  if (typeof setup !== "function") throw new Error(`Tool "${name}" has no function "setup"`);
  if (description !== undefined && typeof description !== "string") {
    throw new Error(`Tool "${name}": Its description is not a string`);
  }
  if (permissions !== undefined && typeof permissions !== "function") {
    try {
      checkPermissions(permissions);
    } catch (error) {
      throw new Error(`Tool "${name}": ${(error as Error).message}`);
    }
  }
  return value as Tool;
}

/**
 * Checks that a value is permissions, and returns it.
 *
 * @throws {Error} Naming the key, for a value of another shape.
 */
export function checkPermissions(value: unknown): Perms {
  const permissions = toObject(value as Perms);
  for (const name of Object.keys(permissions)) {
    if (!PERMISSIONS.includes(name)) throw new Error(`There is no permission "${name}"`);
  }
  return value as Perms;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Ignores the rejection of a promise that is refused. Unhandled, it would end the process. */
export function ignoreFailure(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => {});
}
