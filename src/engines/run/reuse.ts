import { createHash } from "node:crypto";
import { BadRequest } from "../../base/errors.ts";
import type { ToolUse } from "../../protocol/messages.ts";
import type { Job, Profile } from "../contract/contract.ts";

/** Tools of which what an earlier execution was given serves the next one. */
const REUSABLE: readonly string[] = ["crypto", "database"];

/** Throws `BadRequest` if a tool takes part in one execution alone. */
export function assertReusable(tools: readonly ToolUse[]): void {
  const tool = tools.find(({ name }) => !REUSABLE.includes(name));
  if (tool === undefined) return;
  throw new BadRequest("reuse", `reuse: Not possible with the tool "${tool.name}"`);
}

/**
 * The key of all executions that may share a sandbox: the same tenant's, of the same code, with the
 * same tools and grants, in the same profile. A SHA-256 as hexadecimal digits.
 */
export function reuseKey(
  parts: Pick<Job, "code" | "entry" | "tools" | "grants"> & { tenant: string; profile: Profile },
): string {
  const { tenant, code, entry, tools, grants, profile } = parts;
  const used = tools.map(({ name, config, module }) => [name, config, module]);
  // As an array of arrays, no part can be taken for another's end.
  const text = JSON.stringify([tenant, code, entry, used, grants ?? null, profile]);
  return createHash("sha256").update(text).digest("hex");
}
