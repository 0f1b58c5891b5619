import type { DatabaseTarget } from "./database-target.ts";
import type { ToolUse } from "./messages.ts";

/** Name of the database's socket in a slot's directory; there while a job that may use it runs. */
export const DATABASE_SOCKET = "database.sock";

/** What the tool `database` is told in the place where it runs. */
export interface DatabaseToolConfig {
  /** The most rows and bytes of rows that one statement may answer with. */
  readonly rows: number;
  readonly bytes: number;
  /** A socket that asks for no password, and outside of any sandbox the server itself. */
  readonly connection: { readonly socket: string } | { readonly target: DatabaseTarget };
}

/** The tool's own module, from the runner's: it is bundled apart from it. */
export const DATABASE_MODULE = "./database/tool.js";

/** What the tool's own module, which is loaded for jobs that name it, offers to the runner. */
export interface DatabaseModule {
  /** What code may import of Drizzle, by the names it does so. */
  readonly MODULES: Readonly<Record<string, object>>;
  openDatabase(use: ToolUse): OpenDatabase;
}

export interface OpenDatabase extends DatabaseHandle {
  readonly db: object;
}

/** The connection behind a `db`, which outlives no execution. */
export interface DatabaseHandle {
  /** Drops the connection at once, and what the server has not finished with it. */
  close(): void;
  /** Has `db` connect again when it is used, for the next execution. */
  reopen(): void;
}
