/** Tests moving a tenant between two stores whose servers go on. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { tenantTables } from "../../server/cli/move/copy-rows.ts";
import { moveTenant, undoMove } from "../../server/cli/move/move-tenant.ts";
import { MOVED } from "../../server/cli/move/tables.ts";
import { openStore } from "../../server/store/open.ts";
import { until } from "../contract/engine-contract.ts";
import { ControlPlane } from "../helpers/control-plane.ts";
import { execution, kept, NASTY, unique } from "../helpers/store-rows.ts";

const RUN = { code: "export default () => 1", sandbox: "container" };
const ASYNC = { prefer: "respond-async" };
/** Tables whose rows stay: the log of changes, leases, counts that triggers make, and what passes. */
const LEFT = [
  "audit",
  "storage",
  "channel_subscribers",
  "slot_leases",
  "budget_leases",
  "rate_windows",
];

/** Key of both servers. */
const secretKey = new Uint8Array(32).fill(3);

let postgres: Postgres;
const planes: ControlPlane[] = [];
const clients: pg.Client[] = [];
let here: ReturnType<ControlPlane["serve"]>;
let there: ReturnType<ControlPlane["serve"]>;

beforeAll(async () => {
  postgres = await Postgres.start();
  await postgres.query("create database other owner app", "postgres");
  for (const url of [postgres.url(), postgres.url().replace(/\/app$/, "/other")]) {
    planes.push(new ControlPlane(await openStore(url)));
    const client = new pg.Client(url);
    await client.connect();
    clients.push(client);
  }
  [here, there] = planes.map((plane) => plane.serve({ secretKey })) as [typeof here, typeof here];
  for (const { services } of [here, there]) services.start();
  await until(() => planes.every(({ store }) => store.notices.connected));
});
afterAll(async () => {
  for (const { services } of [here, there]) services.goneTenants.close();
  await Promise.all(planes.map((plane) => plane.close()));
  await Promise.all(clients.map((client) => client.end()));
  await postgres.stop();
});

const [source, target] = [() => clients[0] as pg.Client, () => clients[1] as pg.Client];

function options(tenant: string, log: (line: string) => void = () => {}) {
  return { source: source(), target: target(), tenant, settle: 100, wait: 1_000, log };
}

/** Reads all rows of a tenant. Those of jobs change as they run. */
async function rowsOf(client: pg.Client, tenant: string): Promise<Record<string, unknown[]>> {
  const names = ["tenants", "keys", ...(await tenantTables(client))];
  const all: Record<string, unknown[]> = {};
  for (const name of names.filter((one) => one !== "jobs" && !LEFT.includes(one))) {
    const owner = name === "tenants" ? "id" : "tenant";
    const { rows } = await client.query(
      `select t::text as row from isolate.${name} t where ${owner} = $1 order by 1`,
      [tenant],
    );
    all[name] = rows;
  }
  return all;
}

/** Makes a tenant with rows in all tables, and a server's answer for its key. */
async function full() {
  const id = unique("tenant");
  const made = await here.tenant(id, { concurrency: 3, budget: { executions: 5_000 } });
  const { put, post, authorization } = made;
  const own = (planes[0] as ControlPlane).store;
  for (const code of [1, 2]) {
    expect((await put("/functions/double", { code: `export default () => ${code}` })).ok).toBe(
      true,
    );
  }
  expect((await put("/secrets/TOKEN", { value: "a value of eight or more" })).status).toBe(201);
  const rights = { scopes: ["read"], expiresAt: new Date("2100-01-02T03:04:05.678Z") };
  await here.tenancy.keyring.create(id, "narrow", rights);
  await own.executions.record(Array.from({ length: 2_500 }, () => execution(id)));
  await own.executions.record([{ ...execution(id), logs: kept([NASTY]) }]);
  expect((await post("/execute", RUN, { "idempotency-key": "0123456789" })).status).toBe(200);
  await source().query("insert into isolate.domains (domain, tenant) values ($1, $2)", [
    `${id}.org`,
    id,
  ]);
  await source().query(
    `insert into isolate.resources (locator, domain, tenant, search, manifest, archive)
     select $1::text || n, $1, $2, '', '{}', decode(repeat('00ff5c', 100000), 'hex') from generate_series(1, 9) n`,
    [`${id}.org`, id],
  );
  // A server records an execution after its answer.
  await until(async () => (await rowsOf(source(), id)).executions?.length === 2_502);
  const status = async (server: typeof here): Promise<number> =>
    (await server.app.request("/functions", { headers: { authorization } })).status;
  return { ...made, id, status, headers: { authorization } };
}

describe("moving a tenant", () => {
  it("knows each table with rows of tenants", async () => {
    const known = [...MOVED.map(({ name }) => name), "keys", ...LEFT];
    expect((await tenantTables(source())).filter((name) => !known.includes(name))).toEqual([]);
  });

  it("moves all of it, also if interrupted, and nothing of others", async () => {
    const [{ id, post, status, headers }, neighbour] = [await full(), await full()];
    const before = await rowsOf(source(), id);
    expect(before.resources).toHaveLength(9);
    const used = await planes[0]?.store.storage.used(id);
    const others = await rowsOf(source(), neighbour.id);
    // One that waits for a place.
    const accepted = await post("/execute", { ...RUN, code: `${RUN.code} // waits` }, ASYNC);
    const { id: job } = await accepted.json();
    await until(
      async () =>
        (await (await here.app.request(`/jobs/${job}`, { headers })).json()).status === "done",
    );
    await source().query(
      `update isolate.jobs set state = 'queued', finished_at = null, answer = null, claimed_until = now() + interval '1 hour' where id = $1`,
      [job],
    );
    const interrupted = (line: string): void => {
      if (line.includes("of resources")) throw new Error("SIGKILL");
    };
    await expect(moveTenant(options(id, interrupted))).rejects.toThrow("SIGKILL");
    // Frozen at once, in force nowhere.
    await until(async () => (await status(here)) === 401);
    expect(await status(there)).toBe(401);
    const lines: string[] = [];
    await moveTenant(options(id, (line) => void lines.push(line)));
    expect(lines.at(-1)).toContain("deleted");
    await until(async () => (await status(there)) === 200);
    expect(await status(here)).toBe(401);
    const after = await rowsOf(target(), id);
    const texts = (rows: Record<string, unknown[]>) =>
      rows.executions?.map((row) => JSON.stringify(row));
    const moved = new Set(texts(after));
    expect(texts(before)?.filter((row) => !moved.has(row))).toEqual([]);
    delete after.executions;
    delete before.executions;
    for (const name of ["usage", "usage_details"]) {
      delete after[name];
      delete before[name];
    }
    const withoutChange = (rows: Record<string, unknown[]>) => ({
      ...rows,
      tenants: rows.tenants?.length,
    });
    expect(withoutChange(after)).toEqual(withoutChange(before));
    expect((await planes[1]?.store.tenants.get(id))?.settings).toMatchObject({
      concurrency: 3,
      budget: { executions: 5_000 },
    });
    const { kinds } = (await planes[1]?.store.storage.used(id)) ?? {};
    expect(kinds?.resources).toEqual(used?.kinds.resources);
    expect(kinds?.versions).toEqual(used?.kinds.versions);
    // The job runs there, and is a row more.
    await until(
      async () =>
        (await (await there.app.request(`/jobs/${job}`, { headers })).json()).status === "done",
    );
    await until(
      async () =>
        Number((await planes[1]?.store.storage.used(id))?.kinds.executions.count) >= 2_503,
    );
    const left = await rowsOf(source(), id);
    expect(Object.entries(left).filter(([, rows]) => rows.length > 0)).toEqual([]);
    expect(await rowsOf(source(), neighbour.id)).toEqual(others);
    const withSecret = { ...RUN, secrets: ["TOKEN"] };
    const init = { method: "POST", headers: { ...headers, "content-type": "application/json" } };
    const ran = await there.app.request("/execute", { ...init, body: JSON.stringify(withSecret) });
    expect(ran.status).toBe(200);
    expect(await neighbour.status(here)).toBe(200);
    lines.length = 0;
    await moveTenant(options(id, (line) => void lines.push(line)));
    expect(lines).toEqual([`The tenant ${id} is at its new place already`]);
  });

  it("goes on where it was stopped after the switch, and takes nothing back", async () => {
    const { id, status, headers } = await full();
    const stop = (line: string): void => {
      if (line.includes("in force")) throw new Error("SIGKILL");
    };
    await expect(moveTenant(options(id, stop))).rejects.toThrow("SIGKILL");
    await until(async () => (await status(there)) === 200);
    const gone = await there.app.request("/functions/double", { method: "DELETE", headers });
    expect(gone.status).toBe(204);
    await moveTenant(options(id));
    expect((await rowsOf(target(), id)).functions).toEqual([]);
    expect(await planes[0]?.store.tenants.get(id)).toBeUndefined();
  });

  it("is refused where it would end halfway, and undone", async () => {
    const { id, status, post } = await full();
    const before = await rowsOf(source(), id);
    await target().query("insert into isolate.domains (domain, tenant) values ($1, 'x')", [
      `${id}.org`,
    ]);
    await expect(moveTenant(options(id))).rejects.toThrow("is taken");
    await target().query("delete from isolate.domains where tenant = 'x'");
    await target().query("insert into isolate.tenants (id, settings) values ($1, '{}')", [id]);
    await expect(moveTenant(options(id))).rejects.toThrow("another tenant");
    await target().query("delete from isolate.tenants where id = $1", [id]);
    expect(await rowsOf(source(), id)).toEqual(before);
    // A job that runs for longer than the move waits.
    await source().query(
      `insert into isolate.jobs (id, tenant, request_id, request, state, claimed_until)
       values (gen_random_uuid(), $1, '', '{}', 'running', now() + interval '1 hour')`,
      [id],
    );
    await expect(moveTenant(options(id))).rejects.toThrow("still runs");
    await until(async () => (await status(here)) === 401);
    await source().query("delete from isolate.jobs where state = 'running' and tenant = $1", [id]);
    await undoMove(options(id));
    await until(async () => (await status(here)) === 200);
    expect(await rowsOf(source(), id)).toMatchObject({
      keys: before.keys,
      functions: before.functions,
    });
    expect((await post("/execute", RUN)).status).toBe(200);
    await expect(undoMove(options(id))).rejects.toThrow("No move");
    await expect(moveTenant(options("nobody"))).rejects.toThrow("no tenant");
  });
});
