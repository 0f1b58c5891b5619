import type { KeyedClient } from "./login.ts";
import type { ServerAddress } from "./server-addresses.ts";

/**
 * The server's process behind one connection. Its number comes again for others, so that the time
 * at which it started belongs to it.
 */
export interface Backend extends ServerAddress {
  readonly user: string;
  readonly pid: number;
  /** As `textOf` has it; empty where the login was lost before the server said so. */
  readonly start: string;
  /** When its server started, likewise: which one of those behind one address it is. */
  readonly server: string;
}

/** When the server itself started, which two servers have not in common. */
export const SERVER: string = textOf("pg_catalog.pg_postmaster_start_time()");

/**
 * A time of the server's as text, by functions alone: a role can make operators that are a better
 * match than the server's own, and no setting of the role's changes how this one is written.
 */
export function textOf(time: string): string {
  return `pg_catalog.encode(pg_catalog.timestamptz_send(${time}), 'hex')`;
}

/** Milliseconds between two looks of the server's at whether its client is still there. */
const CHECK_EVERY = 1_000;
/** The first version of PostgreSQL that looks while a statement runs. */
const CHECKS_SINCE = 14;

/**
 * Asks which backend a session has. Runs nothing that a role may have made: no operator, no cast,
 * qualified functions whose arguments are of their very types. A role that takes on another one by
 * default (`alter role … set role`) would see nothing of itself.
 */
const WHICH = `set role none;
  select s.pid, ${textOf("s.backend_start")} as start, ${SERVER} as server
  from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) s;
  reset role`;

/**
 * Prepares a connection for code and says which backend it has. The server is told to notice by itself
 * that its client has gone, also in the middle of a statement: nobody else would, if this process is
 * killed. Code can take that back, so that nothing rests on it alone.
 */
export async function adopt(
  client: KeyedClient,
  version: string,
): Promise<Pick<Backend, "pid" | "start" | "server">> {
  const checks =
    Number.parseInt(version, 10) >= CHECKS_SINCE
      ? `set client_connection_check_interval = ${CHECK_EVERY};`
      : "";
  const results: unknown = await client.query(`set statement_timeout = 0; ${checks}
    set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3;
    ${WHICH}`);
  const [row] = (results as { rows: Partial<Backend>[] }[]).flatMap(({ rows }) => rows);
  if (typeof row?.pid !== "number" || !row.start || !row.server) {
    throw new Error("The server does not say which process serves the connection");
  }
  return { pid: row.pid, start: row.start, server: row.server };
}

/** A backend as one text. */
export function nameOf({ pid, start }: Pick<Backend, "pid" | "start">): string {
  return `${pid}/${start}`;
}
