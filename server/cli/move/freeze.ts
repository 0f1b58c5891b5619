import type pg from "pg";

/** Beginning of a hash that fits no secret, so that the key is refused. */
const FROZEN = "frozen:";
/** Time by which due times of a frozen tenant are put off. In hours, which no calendar changes. */
const FAR = "interval '8766000 hours'";
/** Due times that are put off. */
const PUT_OFF = "next_at > now() + interval '4383000 hours'";

/** Notes in a tenant's settings at the source, where servers overlook them. */
interface Moving {
  readonly state: "copying" | "switched";
  /** Budget as it was. The one of a frozen tenant lets nothing run. */
  readonly budget: unknown;
}

interface FrozenSettings extends Record<string, unknown> {
  readonly moving?: Moving;
}

export interface FrozenTenant {
  readonly createdAt: string;
  readonly secrets: string | null;
  /** Settings as they were. */
  readonly settings: Record<string, unknown>;
  readonly state: Moving["state"] | undefined;
}

/** Reads a tenant. Returns `undefined` if there is none. */
export async function readTenant(client: pg.Client, id: string): Promise<FrozenTenant | undefined> {
  const { rows } = await client.query<{
    settings: string;
    secrets: string | null;
    createdAt: string;
  }>(
    `select settings, secrets, created_at::text as "createdAt" from isolate.tenants where id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { moving, ...settings } = JSON.parse(row.settings) as FrozenSettings;
  if (moving !== undefined) settings.budget = moving.budget ?? undefined;
  return { createdAt: row.createdAt, secrets: row.secrets, settings, state: moving?.state };
}

/**
 * Lets a tenant run nothing more: its keys are refused, its budget is spent, and its jobs wait.
 * Triggers tell all servers.
 */
export async function freeze(client: pg.Client, id: string, known: FrozenTenant): Promise<void> {
  await inTransaction(client, async () => {
    await note(client, id, known, "copying");
    await client.query(
      `update isolate.keys set hash = '${FROZEN}' || hash where tenant = $1 and hash not like '${FROZEN}%'`,
      [id],
    );
    await hold(client, id);
  });
}

/** Holds what begins by itself: jobs that wait, and schedules. */
export async function hold(client: pg.Client, id: string): Promise<void> {
  await holdJobs(client, id);
  if (!(await hasSchedules(client))) return;
  const sql = `update isolate.schedules set next_at = next_at + ${FAR} where tenant = $1 and not (${PUT_OFF})`;
  await client.query(sql, [id]);
}

/** Lets begin what was held. */
export async function release(client: pg.Client, id: string): Promise<void> {
  if (await hasSchedules(client)) {
    const sql = `update isolate.schedules set next_at = next_at - ${FAR} where tenant = $1 and ${PUT_OFF}`;
    await client.query(sql, [id]);
  }
  await releaseJobs(client, id);
}

async function hasSchedules(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query("select to_regclass('isolate.schedules') is not null as has");
  return rows[0]?.has === true;
}

/** Holds jobs that wait, for longer than a move takes. */
async function holdJobs(client: pg.Client, id: string): Promise<void> {
  await client.query(
    `update isolate.jobs set claimed_until = now() + interval '6 hours'
     where tenant = $1 and state = 'queued'`,
    [id],
  );
}

/** Lets jobs begin that were held. */
async function releaseJobs(client: pg.Client, id: string): Promise<void> {
  const sql = "update isolate.jobs set claimed_until = null where tenant = $1 and state = 'queued'";
  await client.query(sql, [id]);
  await client.query(`select pg_notify('isolate', '{"kind":"jobs"}')`);
}

/** Notes that the tenant is at its new place. */
export function noteSwitched(client: pg.Client, id: string, known: FrozenTenant): Promise<void> {
  return note(client, id, known, "switched");
}

/** Undoes a freeze. */
export async function thaw(client: pg.Client, id: string, known: FrozenTenant): Promise<void> {
  await inTransaction(client, async () => {
    await client.query("update isolate.tenants set settings = $2 where id = $1", [
      id,
      JSON.stringify(known.settings),
    ]);
    await client.query(
      `update isolate.keys set hash = substr(hash, ${FROZEN.length + 1}) where tenant = $1 and hash like '${FROZEN}%'`,
      [id],
    );
    await release(client, id);
  });
}

/** Returns the keys of a tenant as they were. */
export async function keysOf(client: pg.Client, id: string): Promise<(string | null)[][]> {
  const { rows } = await client.query<(string | null)[]>({
    text: `select id, tenant, label, regexp_replace(hash, '^${FROZEN}', ''), scopes, expires_at::text,
        created_at::text
      from isolate.keys where tenant = $1 order by id`,
    values: [id],
    rowMode: "array",
  });
  return rows;
}

/** Runs statements, all of them or none. */
export async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query("begin");
  try {
    await work();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

async function note(
  client: pg.Client,
  id: string,
  { settings }: FrozenTenant,
  state: Moving["state"],
): Promise<void> {
  const moving: Moving = { state, budget: settings.budget ?? null };
  const frozen = { ...settings, budget: { executions: 0 }, moving };
  await client.query("update isolate.tenants set settings = $2 where id = $1", [
    id,
    JSON.stringify(frozen),
  ]);
}
