import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { STORAGE_OF_TENANTS } from "./contract/storage.ts";
import type { Store, StoreOptions } from "./contract/store.ts";
import { openError, SERVER_ADVICE, StorageReserved } from "./contract/store-errors.ts";
import { choresOf } from "./drizzle/chores.ts";
import { CASING, type Transact } from "./drizzle/database.ts";
import { guarded, storeError } from "./drizzle/driver-errors.ts";
import { MIGRATIONS } from "./drizzle/migrations.ts";
import { drizzleParts } from "./drizzle/parts.ts";
import { checkMajor } from "./drizzle/schema-major.ts";
import { connectionOptions, type StoreConnection } from "./hosts/connection.ts";
import { StoreClient } from "./hosts/store-client.ts";
import { storeLocation } from "./location.ts";
import { PostgresNotices } from "./notices/postgres-notices.ts";

const CONNECTIONS = 10;
/** Milliseconds of a statement at the server, and milliseconds to wait for the answer. */
const STATEMENT_WITHIN = 10_000;
const ANSWER_WITHIN = 12_000;
/** Milliseconds for migrations, including the wait for another control plane's. */
const MIGRATE_WITHIN = 600_000;
/** Milliseconds for which the disk counts as full after the server has reported it. */
const FULL_FOR = 60_000;
/** Answer of PgBouncer to options of a session. */
const POOLER = /unsupported startup parameter/;
const DIRECT =
  "A pooler answers in place of the store's server: ISOLATE_STORE_DIRECT_URL has to lead to the server itself";
/** Key of the advisory lock: any number that nothing else in the database uses. */
const LOCK = 4_915_037_117;

/**
 * Opens a store in a PostgreSQL database, in its own schema `isolate`. Migrates it first. Several
 * control planes may share it. One more connection, which leads to the server itself if a pooler is
 * in between, migrates it and hears of changes.
 *
 * @throws {Error} If it cannot be used, without quoting the URL.
 */
export async function openPostgresStore(
  url: string,
  { storage = STORAGE_OF_TENANTS, directUrl = url }: StoreOptions = {},
): Promise<Store> {
  const options = connectionOptions(storeLocation(url));
  const direct = connectionOptions(storeLocation(directUrl));
  const isPooled = directUrl !== url;
  try {
    await applyMigrations(direct);
  } catch (error) {
    throw openError(storeError(error), SERVER_ADVICE);
  }
  const pool = new pg.Pool({
    ...options,
    Client: StoreClient as unknown as new () => pg.Client,
    max: CONNECTIONS,
    idleTimeoutMillis: 60_000,
    // A pooler refuses it. There a transaction sets its own, and the role has one for statements.
    ...(!isPooled && { statement_timeout: STATEMENT_WITHIN }),
    query_timeout: ANSWER_WITHIN,
  });
  // A connection that breaks while idle is replaced on demand.
  pool.on("error", () => {});
  let fullAt = Number.NEGATIVE_INFINITY;
  const onError = (error: Error): void => {
    if (error instanceof StorageReserved) fullAt = Date.now();
  };
  const db = drizzle({ client: pool, casing: CASING });
  const transact = transactions(pool, isPooled);
  const all = drizzleParts(db, transact, storage);
  const { health, ...parts } = guarded(all, onError);
  const notices = new PostgresNotices({ connection: direct, pool });
  return {
    ...parts,
    notices,
    isShared: true,
    // The server's disk is visible only by refused writes.
    condition: async () => ({ reserved: Date.now() - fullAt < FULL_FOR }),
    alone: choresOf(transact),
    ping: () => health.check(),
    async close() {
      await notices.close();
      await pool.end();
    },
  };
}

/**
 * Runs transactions on connections of a pool. Drizzle's own (0.45) never releases a connection on
 * which `begin` fails. It also misses the error of one that breaks between two statements.
 */
function transactions(pool: pg.Pool, isPooled: boolean): Transact {
  const begin = isPooled ? `begin; set local statement_timeout = ${STATEMENT_WITHIN}` : "begin";
  return async (work) => {
    const client = await pool.connect();
    const ignore = (): void => {};
    client.on("error", ignore);
    let isDone = false;
    try {
      await client.query(begin);
      const result = await work(drizzle({ client, casing: CASING }));
      await client.query("commit");
      isDone = true;
      return result;
    } finally {
      client.off("error", ignore);
      // After a failure, the connection may be inside a transaction.
      client.release(!isDone);
    }
  };
}

/**
 * Applies migrations, one control plane at a time. A later one finds nothing left to do.
 *
 * @throws {Error} If a pooler answers, which would give the lock to somebody else.
 */
async function applyMigrations(options: StoreConnection): Promise<void> {
  const limits = { statement_timeout: MIGRATE_WITHIN, query_timeout: MIGRATE_WITHIN };
  const client = new StoreClient({ ...options, ...limits });
  client.on("error", () => {});
  await client.connect().catch((error: Error) => {
    throw POOLER.test(error.message) ? new Error(DIRECT, { cause: error }) : error;
  });
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    const db = drizzle({ client });
    await checkMajor(db);
    await migrate(db, MIGRATIONS);
  } finally {
    // The end of the connection releases the lock.
    await client.end();
  }
}
