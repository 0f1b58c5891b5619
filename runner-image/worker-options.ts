import type { DatabaseToolConfig } from "../src/protocol/database.ts";
import type { WorkerGrant, WorkerPermissions } from "../src/protocol/grants.ts";
import type { ToolUse } from "../src/protocol/messages.ts";

/** Directory of the bundled modules of the database tool. */
const DATABASE_MODULES = new URL("./database", import.meta.url).pathname;

/** Returns the permissions of a worker with a grant, in Deno's form. */
export function permissionsOf(
  { database, hrtime: _, ...permissions }: WorkerGrant,
  databaseSocket: string,
): Deno.PermissionOptions {
  const worker = database ? withDatabase(permissions, databaseSocket) : permissions;
  return worker as Deno.PermissionOptions;
}

/** Adds the permissions for the database: its socket, and the modules that speak to it. */
function withDatabase(
  { net, read, write, ...others }: WorkerPermissions,
  socket: string,
): WorkerPermissions {
  return {
    ...others,
    net: net === true || [...(net || []), `unix:${socket}`],
    read: [...(read || []), DATABASE_MODULES, socket],
    write: [...(write || []), socket],
  };
}

/**
 * Sets the database's socket in the tool's configuration. The control plane sets its limits, and
 * the socket's place is known only here.
 */
export function withSocket(use: ToolUse, socket: string): ToolUse {
  if (use.name !== "database") return use;
  const config = use.config as DatabaseToolConfig;
  return { ...use, config: { ...config, connection: { socket } } };
}
