/** Name of the database's socket in a slot's directory; there while a job that may use it runs. */
export const DATABASE_SOCKET = "database.sock";

/** What the tool `database` is told in the place where it runs. */
export interface DatabaseToolConfig {
  /** The most rows and bytes of rows that one statement may answer with. */
  readonly rows: number;
  readonly bytes: number;
  /** A socket that asks for no password, and outside of any sandbox the URL itself. */
  readonly connection: { readonly socket: string } | { readonly url: string };
}
