import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { copyRows, countRows, deleteRows, tenantTables } from "./copy-rows.ts";
import {
  type FrozenTenant,
  freeze,
  hold,
  inTransaction,
  keysOf,
  noteSwitched,
  readTenant,
  release,
  thaw,
} from "./freeze.ts";
import { MOVED, type MovedTable } from "./tables.ts";

/** Milliseconds between two looks at what still runs. */
const EVERY = 500;

export interface MoveOptions {
  /** Connections to the databases, whose tables are of the same version. */
  readonly source: pg.Client;
  readonly target: pg.Client;
  readonly tenant: string;
  /** Milliseconds after which no server uses what it has read before, told or not. */
  readonly settle: number;
  /** Most milliseconds for what still runs. */
  readonly wait: number;
  readonly log: (line: string) => void;
}

/**
 * Moves a tenant to another store, while the servers of both go on. It freezes the tenant, waits
 * for what runs, and copies its rows. Then it puts the keys into force there, and deletes the tenant
 * here. A move that was interrupted goes on when it is started again.
 *
 * @throws {Error} If it cannot be moved. It is then as it was, or frozen, as the message says.
 */
export async function moveTenant(options: MoveOptions): Promise<void> {
  const { source, target, tenant, log } = options;
  const known = await readTenant(source, tenant);
  const there = await readTenant(target, tenant);
  if (known === undefined) {
    if (there === undefined) throw new Error(`There is no tenant ${tenant}`);
    log(`The tenant ${tenant} is at its new place already`);
    return;
  }
  if (there !== undefined && there.createdAt !== known.createdAt) {
    throw new Error(`The target has another tenant ${tenant}`);
  }
  const inForce = there !== undefined && (await countRows(target, "keys", tenant)) > 0;
  if (known.state === undefined && inForce) {
    throw new Error(`The tenant ${tenant} is in use at both places: delete one of them`);
  }
  const tables = await existing(source);
  if (known.state !== "switched" && !inForce) {
    await copyTenant(options, known, tables);
    await putKeys(source, target, tenant);
  }
  await noteSwitched(source, tenant, known);
  log("Its keys are in force at the new place. Let the front door send it there");
  for (const table of [...tables].reverse()) await deleteRows(source, table, tenant);
  await deleteRows(source, { name: "keys", key: ["id"], batch: 500 }, tenant);
  await source.query("delete from isolate.tenants where id = $1", [tenant]);
  log("It is deleted at the old place");
}

/**
 * Gives up a move before the keys are in force at the new place. The tenant goes on at the old one.
 *
 * @throws {Error} If it is too late.
 */
export async function undoMove({ source, target, tenant, log }: MoveOptions): Promise<void> {
  const known = await readTenant(source, tenant);
  if (known?.state !== "copying" || (await countRows(target, "keys", tenant)) > 0) {
    throw new Error(`No move of ${tenant} is under way that could be undone`);
  }
  await clear(target, known, tenant, await existing(source));
  await thaw(source, tenant, known);
  log(`The tenant ${tenant} goes on at the old place`);
}

/** Freezes the tenant and copies all but its keys. */
async function copyTenant(
  options: MoveOptions,
  known: FrozenTenant,
  tables: readonly MovedTable[],
): Promise<void> {
  const { source, target, tenant, log } = options;
  await checkDomains(source, target, tenant);
  if (known.state === undefined) {
    // Something may be left of a move that was given up.
    await clear(target, known, tenant, tables);
    await freeze(source, tenant, known);
  }
  log(`The tenant ${tenant} is frozen`);
  await drain(options);
  const { settings, secrets, createdAt } = known;
  await target.query(
    `insert into isolate.tenants (id, settings, secrets, created_at) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [tenant, JSON.stringify(settings), secrets, createdAt],
  );
  await copyRoom(source, target, tenant);
  for (const table of tables) {
    const count = await copyRows(source, target, table, tenant);
    if (count > 0) log(`${count} rows of ${table.name} are copied`);
    const arrived = await countRows(target, table.name, tenant);
    if (arrived >= count) continue;
    throw new Error(
      `${count - arrived} rows of ${table.name} belong to another tenant of the target. The tenant is frozen: undo the move`,
    );
  }
}

/** Waits until no server can take the tenant for what it was, and nothing of it runs. */
async function drain({ source, tenant, settle, wait }: MoveOptions): Promise<void> {
  await sleep(settle);
  await hold(source, tenant);
  for (const end = performance.now() + wait; await isRunning(source, tenant); await sleep(EVERY)) {
    if (performance.now() < end) continue;
    throw new Error(`The tenant ${tenant} is frozen, and still runs something: start again later`);
  }
}

async function isRunning(source: pg.Client, tenant: string): Promise<boolean> {
  const jobs = await source.query(
    "select 1 from isolate.jobs where tenant = $1 and state = 'running' and claimed_until > now() limit 1",
    [tenant],
  );
  if (jobs.rows.length > 0) return true;
  if (!(await tenantTables(source)).includes("slot_leases")) return false;
  const leases = await source.query(
    "select 1 from isolate.slot_leases where tenant = $1 and held > 0 and until > now() limit 1",
    [tenant],
  );
  return leases.rows.length > 0;
}

/** Refuses a move that would end halfway: names of resources are unique in a store. */
async function checkDomains(source: pg.Client, target: pg.Client, tenant: string): Promise<void> {
  const own = await source.query<{ domain: string }>(
    "select domain from isolate.domains where tenant = $1",
    [tenant],
  );
  const taken = await target.query<{ domain: string }>(
    "select domain from isolate.domains where domain = any($1) and tenant <> $2 limit 1",
    [own.rows.map(({ domain }) => domain), tenant],
  );
  const [first] = taken.rows;
  if (first !== undefined) throw new Error(`The domain ${first.domain} is taken at the target`);
}

/** Copies the limits of what it may store. The triggers of the target count what arrives. */
async function copyRoom(source: pg.Client, target: pg.Client, tenant: string): Promise<void> {
  const { rows } = await source.query<{ kind: string; most: string | null }>(
    "select kind, most from isolate.storage where tenant = $1",
    [tenant],
  );
  for (const { kind, most } of rows) {
    await target.query(
      `insert into isolate.storage (tenant, kind, most) values ($1, $2, $3)
       on conflict (tenant, kind) do update set most = excluded.most`,
      [tenant, kind, most],
    );
  }
}

/** Puts all keys into force at once, and lets waiting jobs begin. */
async function putKeys(source: pg.Client, target: pg.Client, tenant: string): Promise<void> {
  const keys = await keysOf(source, tenant);
  await inTransaction(target, async () => {
    for (const key of keys) {
      await target.query(
        `insert into isolate.keys (id, tenant, label, hash, scopes, expires_at, created_at)
          values ($1, $2, $3, $4, $5, $6, $7)`,
        key,
      );
    }
    await release(target, tenant);
  });
}

/** Deletes what is left at the target of a move that was given up, and has no keys. */
async function clear(
  target: pg.Client,
  known: FrozenTenant,
  tenant: string,
  tables: readonly MovedTable[],
): Promise<void> {
  const there = await readTenant(target, tenant);
  if (there !== undefined && there.createdAt !== known.createdAt) {
    throw new Error(`The target has another tenant ${tenant}`);
  }
  for (const table of [...tables].reverse()) await deleteRows(target, table, tenant);
  await target.query("delete from isolate.tenants where id = $1", [tenant]);
}

async function existing(client: pg.Client): Promise<MovedTable[]> {
  const names = await tenantTables(client);
  return MOVED.filter(({ name }) => names.includes(name));
}
