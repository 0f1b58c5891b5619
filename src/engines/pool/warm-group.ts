import type { WorkerGrant } from "../../protocol/grants.ts";
import type { Profile, Sandbox } from "../contract/contract.ts";

/** Warm sandboxes that are alike, and the starts of further ones. */
export interface WarmGroup {
  readonly profile: Profile;
  /** Permissions for which each of them has a worker. Default: none. */
  readonly worker?: WorkerGrant;
  readonly warm: WarmSandbox[];
  /** True while requests wait for starts. Default false. */
  readonly hurried?: boolean;
  /** Number of starts in progress. */
  starting: number;
  /** Adds a sandbox that has started. Returns false if it has no place any more. */
  put(sandbox: Sandbox): boolean;
  /** Removes a warm sandbox. Returns false if it is no longer there. */
  take(sandbox: Sandbox): boolean;
  /** Handles a failed start, which waiters learn of if `isTold`. Returns true if other groups can start sandboxes all the same. */
  fail(error: unknown, isTold: boolean): boolean;
}

export interface WarmSandbox {
  readonly sandbox: Sandbox;
  readonly since: number;
}

/** Removes a sandbox from a list. Returns false if it is not in there. */
export function takeFrom(warm: WarmSandbox[], sandbox: Sandbox): boolean {
  const index = warm.findIndex((item) => item.sandbox === sandbox);
  if (index >= 0) warm.splice(index, 1);
  return index >= 0;
}
