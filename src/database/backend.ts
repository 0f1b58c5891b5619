import type { KeyedClient } from "./login.ts";
import type { DatabaseHost } from "./target.ts";

/**
 * The server's process behind one connection. Its number comes again for others, so that the time
 * at which it started belongs to it.
 */
export interface Backend {
  readonly host: DatabaseHost;
  readonly user: string;
  readonly pid: number;
  /** Microseconds since 1970, in digits. */
  readonly start: string;
}

/** A backend's start as `Backend.start` has it. */
export const START =
  "(extract(epoch from a.backend_start) * 1000000)::pg_catalog.int8::pg_catalog.text";

/** Milliseconds between two looks of the server's at whether its client is still there. */
const CHECK_EVERY = 1_000;
/** The first version of PostgreSQL that looks while a statement runs. */
const CHECKS_SINCE = 14;

/**
 * Prepares a connection for code and says which backend it has. The server is told to notice by itself
 * that its client has gone, also in the middle of a statement: nobody else would, if this process is
 * killed. Code can take that back, so that nothing rests on it alone. Names are qualified, for a role
 * may have given itself a search path of its own.
 */
export async function adopt(
  client: KeyedClient,
  version: string,
): Promise<Pick<Backend, "pid" | "start">> {
  const checks =
    Number.parseInt(version, 10) >= CHECKS_SINCE
      ? `set client_connection_check_interval = ${CHECK_EVERY};`
      : "";
  const results: unknown = await client.query(`set statement_timeout = 0; ${checks}
    set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3;
    select a.pid, ${START} as start from pg_catalog.pg_stat_activity a
    where a.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()`);
  const last = (results as { rows: { pid?: unknown; start?: unknown }[] }[]).at(-1)?.rows[0];
  if (typeof last?.pid !== "number" || typeof last.start !== "string") {
    throw new Error("The server does not say which process serves the connection");
  }
  return { pid: last.pid, start: last.start };
}

/** A backend as one text. */
export function nameOf({ pid, start }: Pick<Backend, "pid" | "start">): string {
  return `${pid}/${start}`;
}
