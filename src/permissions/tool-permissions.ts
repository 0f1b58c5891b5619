import type { Perms } from "./perms.ts";

/** Permissions of one tool of an execution. */
export interface ToolPermissions {
  readonly name: string;
  readonly permissions: Perms;
  /** True if the host connects for the sandbox: neither Worker nor proxy gets these permissions. */
  readonly brokered?: true;
}
