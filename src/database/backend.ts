import type { KeyedClient } from "./login.ts";
import type { ServerAddress } from "./server-addresses.ts";

/**
 * The server process behind one connection. Process ids are reused, so the start time is part of
 * the identity.
 */
export interface Backend extends ServerAddress {
  readonly user: string;
  readonly pid: number;
  /**
   * Start of the process, in the format of `textOf`. Empty if the login was lost before the server
   * sent it.
   */
  readonly start: string;
  /** Start of its server, in the same format. Tells apart the servers behind one address. */
  readonly server: string;
}

/** SQL for the start of the server, which differs between two servers. */
export const SERVER: string = textOf("pg_catalog.pg_postmaster_start_time()");

/**
 * Returns SQL that writes a time as text. It calls functions only: a role can make operators that
 * match better than the server's own. No setting of the role changes this format.
 */
export function textOf(time: string): string {
  return `pg_catalog.encode(pg_catalog.timestamptz_send(${time}), 'hex')`;
}

/** Milliseconds between two checks of the server whether its client is still connected. */
const CHECK_EVERY = 1_000;
/** First version of PostgreSQL that checks during a statement. */
const CHECKS_SINCE = 14;

/**
 * Queries the backend of a session. Runs nothing that a role may have made: no operators and no
 * casts. Calls only qualified functions with arguments of their exact types. Resets the role first:
 * one set by default (`alter role … set role`) would not see its own session.
 */
const WHICH = `set role none;
  select s.pid, ${textOf("s.backend_start")} as start, ${SERVER} as server
  from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) s;
  reset role`;

/**
 * Prepares a connection for code and returns its backend. The server then detects by itself that
 * its client has gone, even during a statement. Nothing else would, if this process were killed.
 * Code can undo these settings, so other protections do not depend on them.
 *
 * @throws {Error} If the server does not name its process.
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

/** Returns a backend's identity as one text. */
export function nameOf({ pid, start }: Pick<Backend, "pid" | "start">): string {
  return `${pid}/${start}`;
}
