import type pg from "pg";
import { tlsOptions } from "../../../src/database/tls.ts";
import type { DatabaseHost } from "../../../src/protocol/database-target.ts";
import { parseStoreUrl } from "./store-url.ts";

const CONNECT_WITHIN = 5_000;

/** Options of a connection to the server of a store, and all hosts where it may be. */
export interface StoreConnection extends pg.ClientConfig {
  readonly hosts: readonly DatabaseHost[];
}

/**
 * Makes the options for the server of a URL.
 *
 * @throws {Error} For a bad URL, without quoting it.
 */
export function connectionOptions(url: string): StoreConnection {
  const { hosts, user, password, database, options, tls } = parseStoreUrl(url);
  return {
    ...hosts[0],
    hosts,
    user,
    // A function, because the driver would replace an empty password by the process's environment.
    password: () => password,
    database,
    ssl: tlsOptions(tls),
    application_name: "isolate-store",
    connectionTimeoutMillis: CONNECT_WITHIN,
    keepAlive: true,
    ...(options !== undefined && { options }),
  };
}
