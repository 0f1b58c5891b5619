import type { ToolUse } from "./messages.ts";

/** Where a sandbox finds its database: beside its control socket, made for the time of the job. */
export const DATABASE_SOCKET = "database.sock";

/** Settings of the database tool, as the sandbox gets them. */
export interface DatabaseToolConfig {
  /** Most rows of one query's result. */
  readonly rows: number;
  /** Most bytes of one query's result. */
  readonly bytes: number;
  /**
   * A unix socket where nobody asks for a password, or a URL with all that it takes. A sandbox is
   * told of no socket: its host process knows where its own is.
   */
  readonly connection: { readonly socket: string } | { readonly url: string };
}

/** What the tool's own module, which is loaded for jobs that name it, offers to the runner. */
export interface DatabaseModule {
  /** What code may import of Drizzle, by the names it does so. */
  readonly MODULES: Readonly<Record<string, object>>;
  openDatabase(use: ToolUse): OpenDatabase;
}

export interface OpenDatabase {
  readonly db: object;
  /** Drops the connection at once, and what the server has not finished with it. */
  close(): void;
}
