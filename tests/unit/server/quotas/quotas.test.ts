import { describe, expect, it } from "vitest";
import { Quotas } from "../../../../server/quotas/quotas.ts";
import type { Caller } from "../../../../server/tenants/auth.ts";
import { NO_LIMITS, type TenantLimits } from "../../../../server/tenants/limits.ts";

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 0, 2, 12);
const usage = {
  wall: 70,
  queued: 20,
  cpu: 20,
  peakMemory: null,
  bytesOut: 0,
  egressBytes: 0,
  channelDropped: 0,
};

function caller(limits: Partial<TenantLimits>, id = "acme"): Caller {
  return { tenant: { id }, limits: { ...NO_LIMITS, ...limits } };
}

/** Makes quotas with the test's own clock, over a store with these executions. */
function quotas(stored = { executions: 0, cpu: 0 }) {
  const clock = { now: NOON };
  const asked: string[] = [];
  const store = {
    used: async (tenant: string, since: Date) => {
      asked.push(`${tenant} ${since.toISOString()}`);
      return stored;
    },
  };
  return { quotas: new Quotas(store, { now: () => clock.now }), clock, asked, stored };
}

const wait = { wait: true };

describe("a rate", () => {
  it("bounds what begins in its seconds, for each tenant alone", async () => {
    const { quotas: some } = quotas();
    const limits = { rate: { requests: 2, seconds: 60 } };
    for (let n = 0; n < 2; n += 1) (await some.admit(caller(limits), wait))(usage);
    const refused = some.admit(caller(limits), wait);
    await expect(refused).rejects.toMatchObject({ code: "RATE_LIMIT", status: 429 });
    const { retryAfter } = (await refused.catch((error: unknown) => error)) as {
      retryAfter: number;
    };
    expect(retryAfter).toBeGreaterThan(50);
    expect(retryAfter).toBeLessThanOrEqual(60);
    await some.admit(caller(limits, "globex"), wait);
  });

  it("begins anew after its seconds", async () => {
    const { quotas: some } = quotas();
    const limits = { rate: { requests: 1, seconds: 1 } };
    await some.admit(caller(limits), wait);
    await expect(some.admit(caller(limits), wait)).rejects.toMatchObject({ code: "RATE_LIMIT" });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await some.admit(caller(limits), wait);
  });
});

describe("a budget", () => {
  it("is what a day has, what ran before a restart included", async () => {
    const { quotas: some, clock, asked } = quotas({ executions: 3, cpu: 100 });
    const limits = { budget: { executions: 5 } };
    for (let n = 0; n < 2; n += 1) (await some.admit(caller(limits), wait))(usage);
    expect(asked).toEqual(["acme 2026-01-02T00:00:00.000Z"]);
    await expect(some.admit(caller(limits), wait)).rejects.toMatchObject({
      code: "BUDGET_EXHAUSTED",
      status: 429,
      retryAfter: (12 * HOUR) / 1_000,
    });
    expect(await some.today(caller(limits))).toEqual({
      executions: 5,
      cpu: 140,
      resetsAt: new Date(NOON + 12 * HOUR),
    });
    clock.now += 12 * HOUR;
    // The store of this test has three on every day.
    await some.admit(caller(limits), wait);
    expect(asked.at(-1)).toBe("acme 2026-01-03T00:00:00.000Z");
  });

  it("is used by executions under way, and given back by those that never ran", async () => {
    const { quotas: some } = quotas();
    const limits = { budget: { executions: 1 } };
    const release = await some.admit(caller(limits), wait);
    await expect(some.admit(caller(limits), wait)).rejects.toMatchObject({ status: 429 });
    release(null);
    await some.admit(caller(limits), wait);
  });

  it("of processor time counts the time that passed where it cannot be measured", async () => {
    const { quotas: some } = quotas();
    const limits = { budget: { cpu: 60 } };
    (await some.admit(caller(limits), wait))({ ...usage, cpu: null });
    (await some.admit(caller(limits), wait))(usage);
    await expect(some.admit(caller(limits), wait)).rejects.toMatchObject({
      code: "BUDGET_EXHAUSTED",
    });
  });

  it("learns of what other servers ran, and forgets nothing of its own", async () => {
    const { quotas: some, clock, stored } = quotas();
    const limits = { budget: { executions: 10 } };
    for (let n = 0; n < 4; n += 1) (await some.admit(caller(limits), wait))(usage);
    clock.now += 11_000;
    await some.admit(caller(limits), wait);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await some.today(caller(limits))).executions).toBe(5);
    stored.executions = 9;
    clock.now += 11_000;
    await some.today(caller(limits));
    await new Promise((resolve) => setImmediate(resolve));
    // Nine in the store, and the running one, which cannot be among them.
    expect((await some.today(caller(limits))).executions).toBe(10);
  });

  it("that cannot be known is not free", async () => {
    const used = async (): Promise<never> => {
      throw new Error("down");
    };
    const some = new Quotas({ used });
    await expect(some.admit(caller({ budget: { cpu: 1 } }), wait)).rejects.toThrow("down");
    await some.admit(caller({}), wait);
  });
});

describe("what finds no room", () => {
  it("counts for no rate and no budget", async () => {
    const { quotas: some } = quotas();
    const limits = {
      concurrency: 1,
      queue: 0,
      rate: { requests: 2, seconds: 60 },
      budget: { executions: 2 },
    };
    const release = await some.admit(caller(limits), wait);
    for (let n = 0; n < 5; n += 1) {
      const refused = some.admit(caller(limits), wait);
      await expect(refused).rejects.toMatchObject({ code: "CONCURRENCY_LIMIT" });
    }
    release(usage);
    (await some.admit(caller(limits), wait))(usage);
  });

  it("of two at the same moment, one is let in", async () => {
    const { quotas: some } = quotas();
    const limits = { concurrency: 1, queue: 0, budget: { executions: 9 } };
    const both = await Promise.allSettled([1, 2].map(() => some.admit(caller(limits), wait)));
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect((await some.today(caller(limits))).executions).toBe(1);
  });
});

describe("processor time that is no execution's", () => {
  it("is in the budget and in what is used, whether or not there is a budget, for its day", async () => {
    const { quotas: some, clock } = quotas({ executions: 1, cpu: 100 });
    const limited = caller({ budget: { cpu: 150 } });
    some.charge("acme", 40);
    expect(await some.today(caller({}))).toMatchObject({ executions: 1, cpu: 140 });
    (await some.admit(limited, wait))(null);
    some.charge("acme", 20);
    expect(await some.today(limited)).toMatchObject({ cpu: 160 });
    await expect(some.admit(limited, wait)).rejects.toMatchObject({ code: "BUDGET_EXHAUSTED" });
    // The store's next count does not include it.
    clock.now += 11_000;
    await expect(some.admit(limited, wait)).rejects.toMatchObject({ code: "BUDGET_EXHAUSTED" });
    expect(await some.today(caller({}, "globex"))).toMatchObject({ cpu: 100 });
    clock.now += 24 * HOUR;
    expect(await some.today(caller({}))).toMatchObject({ cpu: 100 });
  });
});
