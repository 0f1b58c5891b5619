import type { ClientConfig } from "pg";
import { messageOf } from "../src/base/errors.ts";
import type { Config } from "../src/config/config.ts";
import { DATABASE_VARIABLE } from "../src/config/database.ts";
import { formatDatabaseHost, parseDatabaseUrl } from "../src/database/database-url.ts";
import { tlsOptions } from "../src/database/tls.ts";
import type { HostFault } from "../src/engines/explain/host-faults.ts";
import type { DatabaseHost } from "../src/protocol/database-target.ts";

const ANSWER_WITHIN = 5_000;

/**
 * Logs in to the database of executions, once, and describes why that fails. `undefined` if it does
 * not, or if there is no such database. Neither text has the URL, which is a secret.
 */
export async function databaseFault({
  db,
  tenants,
}: Pick<Config, "db" | "tenants">): Promise<HostFault | undefined> {
  if (db.url === undefined || tenants) return undefined;
  const { hosts, tls, ...login } = parseDatabaseUrl(db.url, db.hosts);
  const encrypted = tlsOptions(tls);
  const ways = tls?.mode === "prefer" ? [encrypted, false as const] : [encrypted];
  let first: { readonly host: DatabaseHost; readonly error: unknown } | undefined;
  for (const host of hosts) {
    for (const ssl of ways) {
      try {
        await logIn({ ...login, ...host, ssl });
        return undefined;
      } catch (error) {
        first ??= { host, error };
      }
    }
  }
  return first && faultOf(first.host, first.error);
}

async function logIn({ password = "", ...options }: ClientConfig): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    ...options,
    // A function, because the driver would replace an empty password by the process's environment.
    password: () => password as string,
    connectionTimeoutMillis: ANSWER_WITHIN,
    query_timeout: ANSWER_WITHIN,
  });
  client.on("error", () => {});
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => {});
  }
}

function faultOf(host: DatabaseHost, error: unknown): HostFault {
  const at = formatDatabaseHost(host);
  return {
    message: `The database of ${DATABASE_VARIABLE} at ${at} cannot be used: ${messageOf(error)}`,
    advice: `See that it runs, and that ${DATABASE_VARIABLE} names a user who may log in; until then the tool "database" fails`,
  };
}
