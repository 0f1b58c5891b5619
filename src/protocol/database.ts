import type { DatabaseTarget } from "./database-target.ts";
import type { ToolUse } from "./messages.ts";

/**
 * Name of the database's socket in a slot's directory. It exists while a job that may use it runs.
 */
export const DATABASE_SOCKET = "database.sock";

/** Settings of the tool `database`. */
export interface DatabaseToolConfig {
  /** Most rows, and bytes of rows, in the answer to one statement. */
  readonly rows: number;
  readonly bytes: number;
  /** A socket that asks for no password; outside of any sandbox, the server itself. */
  readonly connection: { readonly socket: string } | { readonly target: DatabaseTarget };
}

/** URL of the tool's module relative to the runner. It is bundled on its own. */
export const DATABASE_MODULE = "./database/tool.js";

/** Exports of the tool's module, which the runner loads for jobs that name the tool. */
export interface DatabaseModule {
  /** Modules of Drizzle that code may import: specifier → exports. */
  readonly MODULES: Readonly<Record<string, object>>;
  openDatabase(use: ToolUse): OpenDatabase;
}

export interface OpenDatabase extends DatabaseHandle {
  readonly db: object;
}

/** The connection behind a `db`. It does not outlive its execution. */
export interface DatabaseHandle {
  /** Drops the connection at once, together with statements that the server has not finished. */
  close(): void;
  /** Makes `db` connect again on its next use, for the next execution. */
  reopen(): void;
}
