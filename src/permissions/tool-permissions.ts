import type { Perms } from "./perms.ts";

/** What one tool of an execution may reach. */
export interface ToolPermissions {
  readonly name: string;
  readonly permissions: Perms;
  /** Whether the host reaches it in the sandbox's place: neither the Worker nor the proxy is told. */
  readonly brokered?: true;
}
