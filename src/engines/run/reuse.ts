import { createHash } from "node:crypto";
import { BadRequest } from "../../base/errors.ts";
import { LongTexts } from "../../base/long-texts.ts";
import type { ToolUse } from "../../protocol/messages.ts";
import type { Job, Profile } from "../contract/contract.ts";

/** Digests of code, which is hashed once, and not by each of its executions. */
const digests = new LongTexts<string>();

/** Tools that need nothing new for the next execution in the same sandbox. */
const REUSABLE: readonly string[] = ["crypto", "database"];

/** Tests whether all tools of these main names may be used in several executions of a sandbox. */
export function isReusable(names: readonly string[]): boolean {
  return names.every((name) => REUSABLE.includes(name));
}

/**
 * Checks that all tools may be used in several executions of one sandbox.
 *
 * @throws {BadRequest} if a tool serves only one execution.
 */
export function assertReusable(tools: readonly ToolUse[]): void {
  const tool = tools.find(({ name }) => !REUSABLE.includes(name));
  if (tool === undefined) return;
  throw new BadRequest("reuse", `reuse: Not possible with the tool "${tool.name}"`);
}

/**
 * Returns the key of executions that may share a sandbox: same tenant, code, tools, grants and
 * profile. It is a SHA-256 in hexadecimal digits.
 */
export function codeReuseKey(
  parts: Pick<Job, "code" | "entry" | "language" | "tools" | "grants"> & {
    tenant: string;
    /** Name of the caller's own user, if it gives one. */
    user?: string | undefined;
    profile: Profile;
    /** Bindings of the job, with the names of their secrets. */
    bindings?: readonly object[] | undefined;
    secrets?: ReadonlyMap<string, string> | undefined;
  },
): string {
  const { tenant, user, code, entry, language, tools, grants, profile, bindings, secrets } = parts;
  const used = tools.map(({ name, config, module }) => [name, config, module]);
  // Nested arrays keep the parts apart.
  const text = JSON.stringify([
    tenant,
    digests.get(code, sha256),
    entry,
    language ?? null,
    used,
    grants ?? null,
    profile,
    ...(user === undefined ? [] : [user]),
    ...(bindings === undefined ? [] : [{ bindings }]),
    ...(secrets === undefined ? [] : [{ secrets: [...secrets].sort() }]),
  ]);
  return sha256(text);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Returns the key of a tenant's executions that may share a sandbox one after the other. If the
 * caller names its own user, they are that user's. Executions with secrets share one only with those that
 * have the same values: answers of others would not mask what code had left of them. It is a SHA-256
 * in hexadecimal digits.
 */
export function tenantReuseKey(
  tenant: string,
  user?: string,
  secrets?: ReadonlyMap<string, string>,
): string {
  const own = secrets === undefined ? [] : [[...secrets].sort()];
  const text = JSON.stringify(["tenant", tenant, user ?? null, ...own]);
  return createHash("sha256").update(text).digest("hex");
}
