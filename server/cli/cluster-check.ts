import { randomUUID } from "node:crypto";
import { once } from "node:events";
import pLimit from "p-limit";
import pg from "pg";
import { type Finding, fail, ok, warn } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";
import { connectionOptions } from "../store/hosts/connection.ts";
import { StoreClient } from "../store/hosts/store-client.ts";
import { hasServer } from "../store/location.ts";
import { type CheckedNode, checkNodes } from "./node-checks.ts";

const ANSWER_WITHIN = 5_000;
const HEARD_WITHIN = 2_000;
/** Most milliseconds between two clocks. Leases go by the database's; people read logs by each. */
const MOST_SKEW = 1_000;
const MOST_NODES = 1_000;
/** Milliseconds without a sign of life after which a server counts as gone. */
const ALIVE = 15_000;

export interface ClusterOptions {
  readonly store: string;
  readonly directUrl?: string | undefined;
}

/** Checks what servers need that share a store, and asks each of them. Changes nothing. */
export async function* checkCluster(options: ClusterOptions): AsyncGenerator<Finding> {
  const { store, directUrl = store } = options;
  if (!hasServer(store)) {
    const advice = "Set ISOLATE_STORE_URL to a postgres:// URL on each server";
    yield warn("cluster", "The store is a directory, which one server has alone", advice);
    return;
  }
  const clients = [store, directUrl].map(
    (url) => new StoreClient({ ...connectionOptions(url), query_timeout: ANSWER_WITHIN }),
  );
  const [statements, direct] = clients as [StoreClient, StoreClient];
  for (const client of clients) client.on("error", () => {});
  try {
    await Promise.all(clients.map((client) => client.connect()));
    yield await checkClock(direct);
    const heard = await hears(direct, statements);
    yield await checkPooler(statements, directUrl !== store, heard);
    yield checkNotices(heard);
    const hosts = connectionOptions(directUrl).hosts.length;
    if (hosts > 1) yield await checkStandby(direct);
    yield* checkNodes(await nodesOf(direct), pLimit(16));
  } catch (error) {
    const advice = "See that ISOLATE_STORE_URL and ISOLATE_STORE_DIRECT_URL lead to the database";
    yield fail("cluster", `The store cannot be asked: ${messageOf(error)}`, advice);
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
  }
}

async function checkClock(client: pg.Client): Promise<Finding> {
  const sent = Date.now();
  const { rows } = await client.query<{ now: number }>(
    "select (extract(epoch from clock_timestamp()) * 1000)::float8 as now",
  );
  const received = Date.now();
  const skew = Math.round((rows[0]?.now ?? 0) - (sent + received) / 2);
  // The answer may have been given at any time in between.
  const certain = Math.abs(skew) - (received - sent) / 2;
  const message = `The database's clock is ${Math.abs(skew)} ms ${skew < 0 ? "behind" : "ahead of"} this host's`;
  if (certain <= MOST_SKEW) return ok("clock", message);
  return warn("clock", message, "Let both hosts keep their time by NTP");
}

/** Tells whether a notice of one connection arrives on the other. */
async function hears(direct: pg.Client, statements: pg.Client): Promise<boolean> {
  const channel = `isolate doctor ${randomUUID()}`;
  await direct.query(`listen ${pg.escapeIdentifier(channel)}`);
  const notice = once(direct, "notification", { signal: AbortSignal.timeout(HEARD_WITHIN) });
  const heard = notice.then(
    () => true,
    () => false,
  );
  await statements.query("select pg_notify($1, '')", [channel]);
  return heard;
}

function checkNotices(heard: boolean): Finding {
  if (heard) return ok("notices", "A change on one server is heard of on another");
  const advice = "Set ISOLATE_STORE_DIRECT_URL to a URL that leads to the database itself";
  return fail("notices", "A change on one server is not heard of: LISTEN does not work", advice);
}

/** Tells a pooler by the process that it names, which is not the one that answers. */
async function checkPooler(
  statements: pg.Client,
  hasDirect: boolean,
  heard: boolean,
): Promise<Finding> {
  const { rows } = await statements.query<{ pid: number; timeout: string }>(
    "select pg_backend_pid() as pid, current_setting('statement_timeout') as timeout",
  );
  const { processID } = statements as { processID?: number | null };
  const isPooled = rows[0]?.pid !== processID;
  if (!isPooled) return ok("pooler", "The store's URL leads to the database itself");
  if (!hasDirect && !heard) {
    const advice = "Set ISOLATE_STORE_DIRECT_URL to a URL that leads around it";
    return fail("pooler", "A pooler in transaction mode carries all connections", advice);
  }
  if (rows[0]?.timeout !== "0") return ok("pooler", "A pooler carries the statements");
  const advice =
    "Set statement_timeout by connect_query of PgBouncer, or by a setting of the store's role";
  return warn("pooler", "The database ends no statement of a pooled connection", advice);
}

async function checkStandby(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ on: boolean }>(
    "select current_setting('synchronous_standby_names') <> '' and current_setting('synchronous_commit') not in ('off', 'local') as on",
  );
  if (rows[0]?.on === true) return ok("standby", "A standby has each change before it is answered");
  const advice = "Set synchronous_standby_names, and leave synchronous_commit on";
  return warn("standby", "A failover may lose jobs that were accepted", advice);
}

async function nodesOf(client: pg.Client): Promise<CheckedNode[]> {
  const { rows: tables } = await client.query("select to_regclass('isolate.nodes') as nodes");
  if ((tables[0] as { nodes: unknown }).nodes === null) return [];
  const { rows } = await client.query<CheckedNode>(
    `select id, address, version, draining, seen > now() - $1::float8 * interval '1 ms' as alive
     from isolate.nodes order by address, id limit ${MOST_NODES}`,
    [ALIVE],
  );
  return rows;
}
