import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Postgres } from "../../dev/postgres.ts";
import { Quotas } from "../../server/quotas/quotas.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { openStore } from "../../server/store/open.ts";
import { NO_LIMITS } from "../../server/tenants/limits.ts";
import { until } from "../contract/engine-contract.ts";
import { Cable } from "../helpers/cable.ts";
import { ADMIN_KEY } from "../helpers/control-plane.ts";
import { flood, Overlap, Planes } from "../helpers/planes.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";
import { unique } from "../helpers/store-rows.ts";

let postgres: Postgres;
let overlap: Overlap;
/** Three servers that share their store, and three that know of no other. */
let shared: Planes;
let alone: Planes;

beforeAll(async () => {
  postgres = await Postgres.start({ shared_preload_libraries: "pg_stat_statements" });
  await postgres.query("create extension pg_stat_statements");
  shared = await Planes.open(postgres.url(), 3);
  alone = await Planes.open(postgres.url(), 3, { alone: true });
  overlap = await Overlap.open(postgres);
});

afterAll(async () => {
  await overlap?.close();
  await shared?.close();
  await alone?.close();
  await postgres?.stop();
});

type Send = Awaited<ReturnType<Planes["tenant"]>>;

/** Sends so many requests to each server, all at once. Returns how many got each status. */
const floodEach = (send: Send, each: number) => flood(send, 3 * each);

describe("executions at once", () => {
  const limits = { concurrency: 4, queue: 200 };

  it("are never above the limit over three servers, and near it", async () => {
    const tenant = unique("slots");
    const send = await shared.tenant(tenant, limits);
    shared.behave(overlap.lasting(200));
    expect(await floodEach(send, 30)).toEqual({ 200: 90 });
    const { most, count, seconds } = await overlap.peak();
    expect(count).toBe(90);
    expect(most).toBe(4);
    // Four and a half seconds without any gap on an idle machine.
    expect(seconds).toBeLessThan(10);
  });

  it("come to a server that waits while another would use them all for ever", async () => {
    const send = await shared.tenant(unique("greedy"), { concurrency: 2, queue: 200 });
    shared.behave(overlap.lasting(100));
    const end = performance.now() + 20_000;
    let served = 0;
    const greedy = async () => {
      while (served < 4 && performance.now() < end) await send(0);
    };
    const modest = async () => {
      await sleep(300);
      while (served < 4) {
        expect((await send(1)).status).toBe(200);
        served += 1;
      }
    };
    await Promise.all([greedy(), greedy(), modest()]);
    expect(performance.now()).toBeLessThan(end);
    expect((await overlap.peak()).most).toBe(2);
  });

  it("are above it with limits of each server alone", async () => {
    const send = await alone.tenant(unique("slots"), limits);
    alone.behave(overlap.lasting(200));
    await floodEach(send, 12);
    expect((await overlap.peak()).most).toBe(12);
  });

  it("of callers without a key are no more than half, over all servers", async () => {
    const limited = {
      tenant: { id: unique("half") },
      limits: { ...NO_LIMITS, concurrency: 4, queue: 0 },
    };
    const stores = await Promise.all([1, 2, 3].map(() => openStore(postgres.url())));
    const all = stores.map(
      ({ executions, leases }, n) =>
        new Quotas(executions, { shared: { leases, node: `half-${n}` } }),
    );
    const admit = (isAnonymous: boolean) =>
      Promise.allSettled(
        Array.from({ length: 9 }, (_, n) =>
          all[n % 3]?.admit(limited, { wait: true, isAnonymous }),
        ),
      );
    const admitted = (results: Awaited<ReturnType<typeof admit>>) =>
      results.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
    const without = admitted(await admit(true));
    expect(without).toHaveLength(2);
    await sleep(600);
    expect(admitted(await admit(false))).toHaveLength(2);
    for (const quotas of all) await quotas.close();
    // Closed servers hold nothing.
    const [{ executions, leases }] = stores as [Store];
    const next = new Quotas(executions, { shared: { leases, node: "next" } });
    const four = await Promise.all([1, 2, 3, 4].map(() => next.admit(limited, { wait: false })));
    expect(four).toHaveLength(4);
    await expect(next.admit(limited, { wait: false })).rejects.toMatchObject({
      code: "CONCURRENCY_LIMIT",
    });
    for (const release of four) release(null);
    await next.close();
    for (const store of stores) await store.close();
  });
});

describe("a rate", () => {
  const limits = { concurrency: 100, queue: 100, rate: { requests: 10, seconds: 1 } };

  /** Sends to all servers for some seconds. Returns the number that began, and a refusal. */
  async function hammer(planes: Planes, ms: number) {
    planes.behave(async () => ({ result: 1 }));
    const send = await planes.tenant(unique("rate"), limits);
    const end = performance.now() + ms;
    let begun = 0;
    let refused: Response | undefined;
    const one = async (server: number) => {
      while (performance.now() < end) {
        const response = await send(server);
        if (response.status === 200) begun += 1;
        else refused = response;
        await sleep(15);
      }
    };
    await Promise.all([0, 1, 2, 0, 1, 2].map(one));
    return { begun, refused };
  }

  it("is the same over three servers", async () => {
    const { begun, refused } = await hammer(shared, 4_000);
    expect(begun).toBeLessThanOrEqual(50);
    expect(begun).toBeGreaterThanOrEqual(20);
    expect(refused?.status).toBe(429);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(await refused?.json()).toMatchObject({ error: { code: "RATE_LIMIT" } });
  });

  it("is threefold with limits of each server alone", async () => {
    // Three times of two windows, where three are the most of one limit.
    expect((await hammer(alone, 2_000)).begun).toBeGreaterThan(33);
  });

  it("of refused requests is the same over three servers", async () => {
    const count = async (planes: Planes) => {
      const send = await planes.tenant(unique("refused"), {
        rate: { requests: 6, seconds: 60 },
      });
      const codes: unknown[] = [];
      for (let n = 0; n < 24; n += 1) {
        const answer = await (await send(n % 3, "/execute", { nonsense: n })).json();
        codes.push((answer as Problem).error.code);
      }
      return codes.filter((code) => code !== "RATE_LIMIT").length;
    };
    // Each server learns of the end at its next refusal.
    expect(await count(shared)).toBeLessThanOrEqual(8);
    expect(await count(alone)).toBe(18);
  });
});

describe("a budget", () => {
  const limits = { concurrency: 500, queue: 0, budget: { executions: 100 } };

  it("is exactly so many executions over three servers, whatever is deleted", async () => {
    const tenant = unique("budget");
    const send = await shared.tenant(tenant, limits);
    let failures = 20;
    shared.behave(async () => {
      await sleep(20);
      // Executions that never ran are given back, to whichever server asks.
      if (failures-- > 0) throw new Error("This engine is away");
      return { result: 1 };
    });
    const first = await floodEach(send, 20);
    expect(first).toEqual({ 200: 40, 500: 20 });
    const second = await floodEach(send, 50);
    expect(second).toEqual({ 200: 60, 429: 90 });
    expect(await floodEach(send, 1)).toEqual({ 429: 3 });
    for (const [n, { services }] of shared.servers.entries()) {
      await services.runs.flush();
      await services.store.executions.prune(-60_000, tenant);
      const used = ((await (await send(n, "/tenant", null)).json()) as Usage).used;
      if (n === 2) expect(used.executions).toBe(100);
    }
    expect(await floodEach(send, 1)).toEqual({ 429: 3 });
  });

  it("is exceeded with limits of each server alone", async () => {
    const send = await alone.tenant(unique("budget"), limits);
    alone.behave(async () => ({ result: 1 }));
    // Each reads once what has been used before.
    expect(await floodEach(send, 1)).toEqual({ 200: 3 });
    expect(await floodEach(send, 49)).toEqual({ 200: 147 });
  });

  it("of processor time knows what other servers have used", async () => {
    const send = await shared.tenant(unique("cpu"), { ...limits, budget: { cpu: 100 } });
    shared.behave(async () => ({ result: 1, usage: { cpu: 60 } }) as object);
    for (const server of [0, 1]) expect((await send(server)).status).toBe(200);
    for (const { services } of shared.servers) await services.runs.flush();
    const refused = await send(2);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { code: "BUDGET_EXHAUSTED" } });
  });
});

describe("an idempotency key", () => {
  it("is one execution, whichever server gets it", async () => {
    const send = await shared.tenant(unique("once"), { concurrency: 100, queue: 100 });
    let ran = 0;
    shared.behave(async () => {
      ran += 1;
      await sleep(50);
      return { result: ran };
    });
    const key = { "idempotency-key": unique("key") };
    const all = Array.from({ length: 50 }, (_, n) => send(n % 3, "/execute", { code: "1" }, key));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(ran).toBe(1);
    // Requests that come while it runs are refused, and the others get its answer.
    expect([...new Set(statuses)].sort()).toEqual([200, 409]);
  });
});

describe("what is shared", () => {
  it("costs few statements while executions come one after another", async () => {
    const [server] = shared.servers;
    const send = await shared.tenant(unique("cost"), {
      ...{ concurrency: 16, rate: { requests: 100_000, seconds: 60 } },
      budget: { executions: 1_000_000, cpu: 1e9 },
    });
    shared.behave(async () => ({ result: 1 }));
    const run = async (count: number) => {
      for (let n = 0; n < count; n += 4) await Promise.all([0, 0, 0, 0].map((only) => send(only)));
    };
    await run(200);
    await server?.services.runs.flush();
    await postgres.query("select pg_stat_statements_reset()");
    const started = performance.now();
    await run(1_000);
    const seconds = (performance.now() - started) / 1_000;
    await server?.services.runs.flush();
    const rows =
      await postgres.query(`select left(query, 60) as query, calls::int from pg_stat_statements
      where userid = 'app'::regrole and query !~ 'pg_stat_statements' and toplevel order by calls desc`);
    const leases = rows.filter(({ query }) =>
      /lease|take_events|reserve|renew/.test(String(query)),
    );
    const calls = leases.reduce((all, row) => all + Number(row.calls), 0);
    expect(calls).toBeLessThanOrEqual(6 + 4 * seconds);
  });
});

// At the same time, because both wait for the end of a lease.
describe.concurrent("a server that is gone", () => {
  it("if it is cut off, begins nothing once its lease is over, and others then have its places", async () => {
    const limited = {
      tenant: { id: unique("cut") },
      limits: { ...NO_LIMITS, concurrency: 2, queue: 9 },
    };
    const cable = new Cable(() => postgres.port);
    await cable.plug();
    const stores = [await openStore(cable.url(postgres.url())), await openStore(postgres.url())];
    const [cut, other] = stores.map(
      ({ executions, leases }, n) =>
        new Quotas(executions, { shared: { leases, node: unique(`cut-${n}`) } }),
    ) as [Quotas, Quotas];
    let mine = await Promise.all([1, 2].map(() => cut.admit(limited, { wait: true })));
    cable.cut();
    const at = performance.now();
    const elsewhere = other.admit(limited, { wait: true });
    let isElsewhere = false;
    void elsewhere.then(() => {
      isElsewhere = true;
    });
    let refusal: unknown;
    while (performance.now() < at + 20_000 && refusal === undefined) {
      await sleep(200);
      // It keeps its places until then: whatever ends makes room for the next.
      mine.shift()?.(null);
      const next = await cut.admit(limited, { wait: false }).catch((error: unknown) => {
        refusal = error;
      });
      if (next) mine = [...mine, next];
      expect(isElsewhere).toBe(false);
    }
    expect(refusal).toMatchObject({ status: 503 });
    expect(performance.now() - at).toBeGreaterThan(7_000);
    expect(performance.now() - at).toBeLessThan(15_000);
    // One of its executions runs on.
    expect(mine).toHaveLength(1);
    await elsewhere;
    expect(performance.now() - at).toBeLessThan(17_000);
    await other.close();
    await cut.close().catch(() => {});
    for (const store of stores) await store.close().catch(() => {});
  });

  it("if it is cut off, leaves its idempotency keys to others within the time of a lease", async () => {
    const cable = new Cable(() => postgres.port);
    await cable.plug();
    const cut = await Planes.open(cable.url(postgres.url()), 1);
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let begun = 0;
    cut.behave(async () => {
      begun += 1;
      await ended;
      return { result: 1 };
    });
    const { send, headers } = await shared.tenantWithKey(unique("keyed"), {});
    const more = { "idempotency-key": unique("key") };
    const asked = { method: "POST", headers: { ...headers, ...more }, body: '{"code":"1"}' };
    const [server] = cut.servers;
    const first = server?.app.request(new Request("http://host/execute", asked));
    await until(() => begun === 1);
    cable.cut();
    const at = performance.now();
    const again = () => send(0, "/execute", { code: "1" }, more);
    expect((await again()).status).toBe(409);
    let status = 409;
    while (status === 409 && performance.now() < at + 60_000) {
      await sleep(500);
      ({ status } = await again());
    }
    expect(status).toBe(200);
    expect(performance.now() - at).toBeGreaterThan(5_000);
    expect(performance.now() - at).toBeLessThan(25_000);
    end();
    await first;
    await cut.close().catch(() => {});
  });

  it.runIf(SOAK)(
    "if it is killed, leaves its places to others within the time of a lease",
    async () => {
      const limits = { concurrency: 1, queue: 9, sandbox: ["container", "isolated"] };
      const tenant = unique("killed");
      const { send, headers } = await shared.tenantWithKey(tenant, limits);
      shared.behave(async () => ({ result: 1 }));
      const server = await TestServer.start({
        ISOLATE_ENGINE: "none",
        ISOLATE_ADMIN_KEY: ADMIN_KEY,
        ISOLATE_STORE_URL: postgres.url(),
      });
      const code = "export default () => new Promise((done) => setTimeout(done, 60_000))";
      const request = { code, sandbox: "isolated", timeout: 70_000 };
      const body = JSON.stringify(request);
      const init = { method: "POST", headers, body };
      const lost = fetch(`${server.url}/execute`, init).catch(() => undefined);
      const held = async () => {
        const rows = await postgres.query(
          `select held from isolate.slot_leases where tenant = '${tenant}' and held = 1`,
        );
        return rows.length === 1;
      };
      await until(held);
      let isOver = false;
      const next = Promise.resolve(send(0)).finally(() => {
        isOver = true;
      });
      await sleep(6_000);
      expect(isOver).toBe(false);
      const killedAt = performance.now();
      await server.stop("SIGKILL");
      expect((await next).status).toBe(200);
      expect(performance.now() - killedAt).toBeLessThan(17_000);
      expect(performance.now() - killedAt).toBeGreaterThan(5_000);
      await lost;
      await rm(server.runDirectory, { recursive: true, force: true });
    },
  );
});

interface Problem {
  readonly error: { readonly code: string };
}

interface Usage {
  readonly used: { readonly executions: number };
}
