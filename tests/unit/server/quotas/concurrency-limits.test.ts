import { describe, expect, it } from "vitest";
import {
  ConcurrencyLimits,
  type WaitingExecution,
} from "../../../../server/quotas/concurrency-limits.ts";
import { Aborted } from "../../../../src/base/errors.ts";

const BOUNDS = { concurrency: 2, queue: 2 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function taken(slots: ConcurrencyLimits, into: string[], name: string, bounds = BOUNDS) {
  await slots.take(bounds, { wait: true });
  into.push(name);
}

describe("slots", () => {
  it("have nobody wait for ever, and give the place to the next", async () => {
    const slots = new ConcurrencyLimits(50);
    await slots.take({ concurrency: 1, queue: 1 }, { wait: true });
    const refused = { code: "CONCURRENCY_LIMIT", status: 429, message: /for 50 ms/ };
    const late = slots.take({ concurrency: 1, queue: 1 }, { wait: true });
    await expect(late).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/50 ms/),
    });
    const next = slots.take({ concurrency: 1, queue: 1 }, { wait: true });
    slots.give();
    await next;
    slots.give();
    expect(slots.idle).toBe(true);
  });

  it("let so many run, have so many wait in their order, and refuse the next", async () => {
    const slots = new ConcurrencyLimits(60_000);
    const order: string[] = [];
    const all = ["a", "b", "c", "d"].map((name) => taken(slots, order, name));
    await settled();
    expect(order).toEqual(["a", "b"]);
    const refused = { code: "CONCURRENCY_LIMIT", status: 429, retryAfter: 1 };
    await expect(slots.take(BOUNDS, { wait: true })).rejects.toMatchObject(refused);
    slots.give();
    await settled();
    expect(order).toEqual(["a", "b", "c"]);
    slots.give();
    await Promise.all(all);
    slots.give();
    expect(slots.idle).toBe(false);
    slots.give();
    expect(slots.idle).toBe(true);
  });

  it("have nobody wait who does not want to", async () => {
    const slots = new ConcurrencyLimits(60_000);
    await slots.take({ concurrency: 1, queue: 9 }, { wait: false });
    const refused = slots.take({ concurrency: 1, queue: 9 }, { wait: false });
    await expect(refused).rejects.toMatchObject({ code: "CONCURRENCY_LIMIT" });
  });

  it("forget whoever goes away while waiting", async () => {
    const slots = new ConcurrencyLimits(60_000);
    await slots.take({ concurrency: 1, queue: 1 }, { wait: true });
    const caller = new AbortController();
    const waiting = slots.take({ concurrency: 1, queue: 1 }, { wait: true, signal: caller.signal });
    caller.abort();
    await expect(waiting).rejects.toBeInstanceOf(Aborted);
    slots.give();
    expect(slots.idle).toBe(true);
    const gone = slots.take({ concurrency: 1, queue: 1 }, { wait: true, signal: caller.signal });
    await expect(gone).rejects.toBeInstanceOf(Aborted);
    expect(slots.idle).toBe(true);
  });

  it("let those who wait run once an operator allows more", async () => {
    const slots = new ConcurrencyLimits(60_000);
    const order: string[] = [];
    const narrow = { concurrency: 1, queue: 5 };
    const all = ["a", "b", "c"].map((name) => taken(slots, order, name, narrow));
    await settled();
    expect(order).toEqual(["a"]);
    await slots.take({ concurrency: 4, queue: 5 }, { wait: true });
    await Promise.all(all);
    expect(order).toEqual(["a", "b", "c"]);
  });

  it("have half of their places for those without a key, at least one, and the rest for others", async () => {
    const slots = new ConcurrencyLimits(60_000);
    const bounds = { concurrency: 4, queue: 4 };
    const anonymous = { wait: true, isAnonymous: true };
    const begun: string[] = [];
    const asked = (name: string, asking: WaitingExecution) =>
      slots.take(bounds, asking).then(() => begun.push(name));
    const all = ["a", "b", "c", "d"].map((name) => asked(name, anonymous));
    await expect(slots.take(bounds, anonymous)).rejects.toMatchObject({
      code: "CONCURRENCY_LIMIT",
      message: expect.stringMatching(/2 executions of callers without a key run, and 2 wait/),
    });
    all.push(
      asked("own", { wait: false }),
      asked("own", { wait: false }),
      asked("own", { wait: true }),
    );
    await settled();
    expect(begun).toEqual(["a", "b", "own", "own"]);
    // Callers without a key wait for each other, and delay no caller behind them.
    slots.give();
    await settled();
    expect(begun).toEqual(["a", "b", "own", "own", "own"]);
    slots.give(true);
    await settled();
    expect(begun.at(-1)).toBe("c");
    slots.give(true);
    await Promise.all(all);
    for (const isAnonymous of [true, true, false, false]) slots.give(isAnonymous);
    expect(slots.idle).toBe(true);
    await slots.take({ concurrency: 1, queue: 0 }, anonymous);
    await expect(slots.take({ concurrency: 1, queue: 0 }, anonymous)).rejects.toThrow("no room");
  });
});
