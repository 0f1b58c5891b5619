/** Tests schedules over HTTP, with a real store. The engine's behaviour is the test's. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Times } from "../../../../server/schedules/cron.ts";
import { Scheduler } from "../../../../server/schedules/scheduler.ts";
import type { Schedules } from "../../../../server/store/contract/schedules.ts";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";

const code = "export default () => 1";

type Server = ReturnType<ControlPlane["serve"]>;

let plane: ControlPlane;
let server: Server;
let count = 0;
/** Calls of code, with what each was given. */
const calls: { readonly code: string; readonly input: unknown; readonly context: unknown }[] = [];

beforeAll(async () => {
  plane = await ControlPlane.open();
  server = plane.serve();
  plane.behave = async (job) => {
    const { input, callContext } = job;
    const read = (text?: string) => (text === undefined ? undefined : JSON.parse(text));
    calls.push({ code: job.code, input: read(input), context: read(callContext) });
    return { result: 1 };
  };
  server.services.worker.start();
  server.services.scheduler.start();
}, 60_000);
afterAll(async () => {
  await server.services.scheduler.close();
  await plane.close();
}, 60_000);

async function newTenant(limits = {}) {
  count += 1;
  const tenant = await server.tenant(`tenant-${count}`, limits);
  expect((await tenant.put("/functions/f", { code })).status).toBe(201);
  return tenant;
}

type Tenant = Awaited<ReturnType<typeof newTenant>>;

const path = "/functions/f/schedules/s";
const put = async (tenant: Tenant, body: object, at = path): Promise<[number, Json]> => {
  const answer = await tenant.put(at, { cron: "0 3 * * *", ...body });
  return [answer.status, await answer.json()];
};
/** Returns a time that is over, at a millisecond of an even number: an odd one has a meaning. */
const before = () => new Date(Math.floor(Date.now() / 2) * 2 - 1_000);
/** Makes a schedule due, as if the time of it had come. */
async function due({ id }: Tenant, at = before(), of = "f", name = "s") {
  const found = await plane.store.schedules.get(id, of, name);
  if (found === undefined) throw new Error("There is no such schedule");
  await plane.store.schedules.put({ ...found, cron: `${found.cron} `, nextAt: at });
  server.services.scheduler.wake();
}
const runsOf = async (tenant: Tenant, at = path): Promise<Json[]> =>
  (await tenant.get(`${at}/runs`)).runs;
const codes = async (tenant: Tenant): Promise<string[]> =>
  (await runsOf(tenant)).map(({ outcome, code: reason }) => reason ?? outcome);

/** Makes a scheduler whose store differs in some functions. */
function schedulerOver(changed: Partial<Schedules>): Scheduler {
  const { kernel, services, tenancy } = server;
  const { due: list, serve } = plane.store.schedules;
  return new Scheduler({
    ...{ kernel, functions: services.functions, admission: tenancy.quotas },
    callerOf: (id) => tenancy.auth.caller(id),
    store: { due: list, serve, ...changed } as Schedules,
    ...{ onAccepted: () => {}, onServed: () => {}, onError: () => {} },
  });
}

describe("schedules", () => {
  it("are put, shown with the next five times, listed and deleted", async () => {
    const tenant = await newTenant();
    const [status, made] = await put(tenant, { timezone: "Europe/Berlin", input: { a: [1] } });
    expect(status).toBe(201);
    expect(made).toEqual({
      ...{
        id: "s",
        function: "f",
        cron: "0 3 * * *",
        timezone: "Europe/Berlin",
        input: { a: [1] },
      },
      ...{ overlap: "skip", paused: false, next: expect.any(Array) },
      ...{ createdAt: expect.any(String), updatedAt: expect.any(String) },
    });
    expect(made.next).toHaveLength(5);
    for (const time of made.next) expect(time).toMatch(/T0[12]:00:00\.000Z$/);
    expect(await tenant.get(path)).toEqual(made);
    const [again, paused] = await put(tenant, { paused: true, overlap: "queue", input: null });
    expect([again, paused.paused, paused.next, paused.input]).toEqual([200, true, [], null]);
    await put(tenant, {}, "/functions/f/schedules/b");
    const { schedules, next } = await tenant.get("/functions/f/schedules?limit=1");
    expect([schedules.map(({ id }: Json) => id), next]).toEqual([["b"], "b"]);
    const rest = await tenant.get("/functions/f/schedules?after=b");
    expect(rest.schedules.map(({ id }: Json) => id)).toEqual(["s"]);
    expect(await runsOf(tenant)).toEqual([]);
    expect((await tenant.send(path, "DELETE")).status).toBe(204);
    const missing = await tenant.send(path);
    expect([missing.status, ((await missing.json()) as Json).error.code]).toEqual([
      404,
      "SCHEDULE_NOT_FOUND",
    ]);
  });

  it("are refused for what could never run", async () => {
    const tenant = await newTenant();
    await tenant.put("/functions/h", { kind: "http", code: "export default () => {}" });
    const refused = async (body: object, at = path) => {
      const [status, { error }] = await put(tenant, body, at);
      return [status, error?.code, error?.field];
    };
    expect(await refused({ cron: "0 0 30 2 *" })).toEqual([400, "BAD_REQUEST", "cron"]);
    expect(await refused({ cron: "x".repeat(201) })).toEqual([400, "BAD_REQUEST", "cron"]);
    expect(await refused({ timezone: "Mars" })).toEqual([400, "BAD_REQUEST", "timezone"]);
    expect(await refused({ overlap: "kill" })).toEqual([400, "BAD_REQUEST", "overlap"]);
    expect(await refused({ input: "x".repeat(65_536) })).toEqual([
      413,
      "PAYLOAD_TOO_LARGE",
      "input",
    ]);
    const deep = JSON.parse("[".repeat(2_000) + "]".repeat(2_000));
    expect((await refused({ input: deep }))[0]).toBe(400);
    expect(await refused({}, "/functions/none/schedules/s")).toEqual([
      404,
      "FUNCTION_NOT_FOUND",
      undefined,
    ]);
    expect(await refused({}, "/functions/h/schedules/s")).toEqual([
      409,
      "HTTP_FUNCTION",
      undefined,
    ]);
    expect((await tenant.send("/functions/none/schedules")).status).toBe(404);
    expect((await tenant.send("/functions/f/schedules/s/runs")).status).toBe(404);
  });

  it("call the current version with their input and the due time, and keep the outcome", async () => {
    const tenant = await newTenant();
    await put(tenant, { input: { to: "Ada" } });
    const dueAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 2_000);
    await due(tenant, dueAt);
    await until(async () => (await runsOf(tenant)).length === 1);
    const [run] = await runsOf(tenant);
    expect(run).toEqual({
      dueAt: dueAt.toISOString(),
      outcome: "accepted",
      execution: expect.any(String),
    });
    const executionOf = async (id: string) =>
      (await tenant.send(`/executions/${id}`)).status === 200;
    await until(() => executionOf(run.execution));
    const context = { schedule: "s", dueAt: dueAt.toISOString() };
    expect(calls.at(-1)).toEqual({ code, input: { to: "Ada" }, context });
    const {
      via,
      outcome,
      function: of,
      version,
    } = await tenant.get(`/executions/${run.execution}`);
    expect([via, outcome, of, version]).toEqual(["schedule", "ok", "f", 1]);
    expect((await tenant.get(path)).next).toHaveLength(5);

    const newer = "export default () => 2";
    await tenant.put("/functions/f", { code: newer });
    await put(tenant, {});
    await due(tenant);
    await until(async () => (await runsOf(tenant)).length === 2);
    await until(async () => executionOf((await runsOf(tenant))[0].execution));
    expect(calls.at(-1)).toEqual({ code: newer, input: undefined, context: expect.anything() });
    expect((await tenant.send("/functions/f", "DELETE")).status).toBe(204);
    expect(await plane.store.schedules.list(tenant.id, "f", { limit: 1 })).toEqual([]);
  });

  it("that were missed call once, with the latest due time", async () => {
    const tenant = await newTenant();
    await put(tenant, { cron: "*/5 * * * *" });
    await due(tenant, new Date("2020-01-01T00:00:00Z"));
    await until(async () => (await runsOf(tenant)).length === 2);
    const [latest, missed] = await runsOf(tenant);
    expect(missed).toEqual({ dueAt: "2020-01-01T00:00:00.000Z", outcome: "missed" });
    expect(latest.outcome).toBe("accepted");
    expect(Date.now() - Date.parse(latest.dueAt)).toBeLessThan(10 * 60_000);
  });

  it("are recorded as refused for limits and faults of the tenant, and go on", async () => {
    const spent = await newTenant({ budget: { executions: 0 } });
    await put(spent, {});
    await due(spent);
    await until(async () => (await codes(spent)).length === 1);
    expect(await codes(spent)).toEqual(["BUDGET_EXHAUSTED"]);

    const full = await newTenant({ storage: 1_048_576 });
    const long = `${code} // ${"x".repeat(99_000)}`;
    // Kept twice each. No room is left for a job with the answer that it may have.
    for (let n = 0; n < 5; n += 1) {
      expect((await full.put("/functions/filler", { code: long })).status).toBe(201);
    }
    for (const name of ["s", "t"]) await put(full, {}, `/functions/f/schedules/${name}`);
    for (const name of ["s", "t"]) await due(full, new Date(Date.now() - 1_000), "f", name);
    for (const name of ["s", "t"]) {
      const at = `/functions/f/schedules/${name}`;
      await until(async () => (await runsOf(full, at)).length === 1);
      expect((await runsOf(full, at))[0]).toMatchObject({
        outcome: "refused",
        code: "STORAGE_FULL",
      });
    }

    const changed = await newTenant();
    await put(changed, {});
    await changed.put("/functions/f", { kind: "http", code });
    await due(changed);
    await until(async () => (await codes(changed)).length === 1);
    expect(await codes(changed)).toEqual(["HTTP_FUNCTION"]);
    expect((await changed.get(path)).next).toHaveLength(5);
  });

  it("are refused while their tenant is suspended, and go on once it is resumed", async () => {
    const tenant = await newTenant();
    await put(tenant, { overlap: "queue" });
    const served = async () =>
      (await plane.store.schedules.runs(tenant.id, "f", "s")).map(
        ({ outcome, code: reason }) => reason ?? outcome,
      );
    await server.tenancy.directory.suspend(tenant.id, { reason: null });
    await due(tenant);
    await until(async () => (await served()).length === 1);
    expect(await served()).toEqual(["TENANT_SUSPENDED"]);
    // Nothing adds up that would run at once later.
    expect(await plane.store.jobs.pending(tenant.id)).toBe(0);
    await server.tenancy.directory.suspend(tenant.id, null);
    await due(tenant);
    await until(async () => (await served()).length === 2);
    expect(await codes(tenant)).toEqual(["accepted", "TENANT_SUSPENDED"]);
  });

  it("of large code are served in statements of few megabytes", async () => {
    const tenant = await newTenant();
    const long = `${code} // ${"x".repeat(99_000)}`;
    expect((await tenant.put("/functions/f", { code: long })).status).toBe(201);
    const names = Array.from({ length: 60 }, (_, n) => `s${n}`);
    for (const name of names) await put(tenant, {}, `/functions/f/schedules/${name}`);
    server.services.scheduler.stop();
    for (const name of names) await due(tenant, new Date(Date.now() - 1_000), "f", name);
    const sizes: number[] = [];
    const { schedules: store } = plane.store;
    const scheduler = schedulerOver({
      serve: (id, servings, ...more) => {
        sizes.push(JSON.stringify(servings).length);
        return store.serve(id, servings, ...more);
      },
    });
    scheduler.start();
    await until(async () => (await store.lag()) === 0);
    await scheduler.close();
    server.services.scheduler.start();
    expect(Math.max(...sizes)).toBeLessThan(4_400_000);
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(60 * 99_000);
  });

  it("of a tenant whose serving fails are left out for a while, so that others are found", async () => {
    const [broken, sound] = [await newTenant(), await newTenant()];
    server.services.scheduler.stop();
    for (const tenant of [broken, sound]) {
      await put(tenant, {});
      await due(tenant);
    }
    const { schedules: store } = plane.store;
    const left: (readonly string[] | undefined)[] = [];
    const scheduler = schedulerOver({
      due: (limit, except) => {
        left.push(except);
        return store.due(limit, except);
      },
      serve: async (id, ...given) => {
        if (id === broken.id) throw new Error("No statement is that long");
        return store.serve(id, ...given);
      },
    });
    scheduler.start();
    await until(async () => (await codes(sound)).length === 1);
    await until(() => {
      scheduler.wake();
      return left.length > 2;
    });
    await scheduler.close();
    expect([left[0], left.at(-1)]).toEqual([[], [broken.id]]);
    server.services.scheduler.start();
    await until(async () => (await codes(broken)).length === 1);
  });

  it("that are rare are listed without holding up other work", async () => {
    const tenant = await newTenant();
    for (let n = 0; n < 60; n += 1) {
      await put(tenant, { cron: `${n} 0 29 2 +SUN` }, `/functions/f/schedules/r${n}`);
    }
    let turn = 0;
    let timer = setImmediate(function next() {
      turn += 1;
      timer = setImmediate(next);
    });
    const turns: number[] = [];
    const { following } = Times.prototype;
    const spy = vi.spyOn(Times.prototype, "following").mockImplementation(function (
      this: Times,
      ...given
    ) {
      turns.push(turn);
      return following.apply(this, given);
    });
    const { schedules } = await tenant.get("/functions/f/schedules?limit=100");
    spy.mockRestore();
    clearImmediate(timer);
    expect([schedules.length, turns.length]).toEqual([60, 60]);
    expect(new Set(turns).size).toBeGreaterThan(5);
  });

  it("in a zone unknown here are left to others, then refused, and go on where it is known", async () => {
    const tenant = await newTenant();
    await put(tenant, {});
    const schedule = await plane.store.schedules.get(tenant.id, "f", "s");
    if (schedule === undefined) throw new Error("There is no such schedule");
    const minute = (ago: number) => new Date((Math.floor(Date.now() / 60_000) - ago) * 60_000);
    const set = async (nextAt: Date, timezone: string) => {
      count += 1;
      const cron = `* * * * *${" ".repeat(count)}`;
      await plane.store.schedules.put({ ...schedule, cron, timezone, nextAt });
      server.services.scheduler.wake();
    };
    const nextAt = async () => (await plane.store.schedules.get(tenant.id, "f", "s"))?.nextAt;
    // As the row of a newer server. A later schedule shows that there was a look.
    await set(minute(0), "Mars/Base");
    const other = await newTenant();
    await put(other, {});
    await due(other);
    await until(async () => (await codes(other)).length > 0);
    expect(await codes(tenant)).toEqual([]);
    expect(await nextAt()).toEqual(minute(0));
    expect((await tenant.get(path)).next).toEqual([]);
    await set(minute(3), "Mars/Base");
    await until(async () => (await codes(tenant)).length > 0);
    expect(await codes(tenant)).toEqual(["TIMEZONE_UNKNOWN"]);
    const again = (await nextAt()) as Date;
    expect(again.getTime()).toBeGreaterThan(Date.now());
    // Its time comes at a server that knows the zone. The last due time is served, on its minute.
    await set(new Date(minute(2).getTime() + 59_977), "Asia/Tokyo");
    await until(async () => (await codes(tenant)).length > 1);
    const runs = await runsOf(tenant);
    expect(runs.map(({ outcome }) => outcome)).toEqual(["accepted", "missed", "refused"]);
    expect(runs[0].dueAt).toMatch(/:00\.000Z$/);
  });

  it("show the time that the store waits for, also after its clock was set back", async () => {
    const tenant = await newTenant();
    await put(tenant, {});
    const found = await plane.store.schedules.get(tenant.id, "f", "s");
    if (found === undefined) throw new Error("There is no such schedule");
    const late = new Date(Date.UTC(2200, 0, 5, 3));
    await plane.store.schedules.put({ ...found, cron: "0 3 * * * ", nextAt: late });
    const { next } = await tenant.get(path);
    expect(next.slice(0, 2)).toEqual(["2200-01-05T03:00:00.000Z", "2200-01-06T03:00:00.000Z"]);
    await put(tenant, { paused: true });
    const [, resumed] = await put(tenant, { paused: false });
    expect(Date.parse(resumed.next[0])).toBeLessThan(Date.now() + 90_000_000);
  });

  it("wait while their server leaves", async () => {
    const tenant = await newTenant();
    await put(tenant, {});
    server.services.scheduler.stop();
    await due(tenant);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await runsOf(tenant)).toEqual([]);
    expect(await plane.store.schedules.lag()).toBeGreaterThan(0);
    server.services.scheduler.start();
    await until(async () => (await codes(tenant)).length === 1);
  });
});
