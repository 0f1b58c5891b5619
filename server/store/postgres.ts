import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { parseDatabaseUrl } from "../../src/database/database-url.ts";
import { tlsOptions } from "../../src/database/tls.ts";
import { STORAGE_OF_TENANTS } from "./contract/storage.ts";
import type { Store, StoreOptions } from "./contract/store.ts";
import { openError, StorageReserved } from "./contract/store-errors.ts";
import { CASING, type Transact } from "./drizzle/database.ts";
import { guarded, storeError } from "./drizzle/driver-errors.ts";
import { MIGRATIONS } from "./drizzle/migrations.ts";
import { drizzleParts } from "./drizzle/parts.ts";
import { storeLocation } from "./location.ts";

const CONNECTIONS = 10;
const CONNECT_WITHIN = 5_000;
/** Milliseconds the server gives a statement, and how long is waited for it to say so. */
const STATEMENT_WITHIN = 10_000;
const ANSWER_WITHIN = 12_000;
/** Migrations may take their time, and so may another control plane that applies them. */
const MIGRATE_WITHIN = 600_000;
/** Milliseconds that a disk is taken to be full after the server has said so. */
const FULL_FOR = 60_000;
/** Any number that nothing else in that database locks. */
const LOCK = 4_915_037_117;

/**
 * A store in a PostgreSQL database, in a schema `isolate` of its own, which is brought up to date
 * first. Several control planes may share one. Rejects with an Error that does not quote the URL.
 */
export async function openPostgresStore(
  url: string,
  { storage = STORAGE_OF_TENANTS }: StoreOptions = {},
): Promise<Store> {
  const options = connectionOptions(url);
  try {
    await applyMigrations(options);
  } catch (error) {
    throw openError(storeError(error));
  }
  const pool = new pg.Pool({
    ...options,
    max: CONNECTIONS,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_WITHIN,
    query_timeout: ANSWER_WITHIN,
  });
  // A connection that breaks while nobody uses it is replaced when one is needed.
  pool.on("error", () => {});
  let fullAt = Number.NEGATIVE_INFINITY;
  const onError = (error: Error): void => {
    if (error instanceof StorageReserved) fullAt = Date.now();
  };
  const db = drizzle({ client: pool, casing: CASING });
  const all = drizzleParts(db, transactions(pool), storage);
  const { health, ...parts } = guarded(all, onError);
  return {
    ...parts,
    // Nothing here sees the server's disk but by what it refuses.
    condition: async () => ({ reserved: Date.now() - fullAt < FULL_FOR }),
    ping: () => health.check(),
    close: () => pool.end(),
  };
}

/**
 * Transactions on connections of a pool. Drizzle's own (0.45) keeps a connection for ever on which
 * `begin` fails, and leaves nobody to hear of one that breaks between two statements.
 */
function transactions(pool: pg.Pool): Transact {
  return async (work) => {
    const client = await pool.connect();
    const ignore = (): void => {};
    client.on("error", ignore);
    let isDone = false;
    try {
      await client.query("begin");
      const result = await work(drizzle({ client, casing: CASING }));
      await client.query("commit");
      isDone = true;
      return result;
    } finally {
      client.off("error", ignore);
      // One that has failed may be in the middle of anything.
      client.release(!isDone);
    }
  };
}

/** How the server of a URL is dialled. Throws an Error that does not quote the URL. */
export function connectionOptions(url: string): pg.ClientConfig {
  const { hosts, user, password, database, options, tls } = parseDatabaseUrl(storeLocation(url));
  return {
    ...hosts[0],
    user,
    // As a function: an empty one would be looked for in the process's environment.
    password: () => password,
    database,
    ssl: tlsOptions(tls),
    application_name: "isolate-store",
    connectionTimeoutMillis: CONNECT_WITHIN,
    keepAlive: true,
    ...(options !== undefined && { options }),
  };
}

/** One control plane at a time; whoever comes later finds nothing left to do. */
async function applyMigrations(options: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...options, query_timeout: MIGRATE_WITHIN });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    await migrate(drizzle({ client }), MIGRATIONS);
  } finally {
    // The lock goes with the connection.
    await client.end();
  }
}
