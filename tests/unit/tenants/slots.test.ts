import { describe, expect, it } from "vitest";
import { Slots } from "../../../server/quotas/slots.ts";
import { Aborted } from "../../../src/errors.ts";

const BOUNDS = { concurrency: 2, queue: 2 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function taken(slots: Slots, into: string[], name: string, bounds = BOUNDS) {
  await slots.take(bounds, true);
  into.push(name);
}

describe("slots", () => {
  it("have nobody wait for ever, and give the place to the next", async () => {
    const slots = new Slots(50);
    await slots.take({ concurrency: 1, queue: 1 }, true);
    const refused = { code: "CONCURRENCY_LIMIT", status: 429, message: /for 50 ms/ };
    const late = slots.take({ concurrency: 1, queue: 1 }, true);
    await expect(late).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/50 ms/),
    });
    const next = slots.take({ concurrency: 1, queue: 1 }, true);
    slots.give();
    await next;
    slots.give();
    expect(slots.idle).toBe(true);
  });

  it("let so many run, have so many wait in their order, and refuse the next", async () => {
    const slots = new Slots(60_000);
    const order: string[] = [];
    const all = ["a", "b", "c", "d"].map((name) => taken(slots, order, name));
    await settled();
    expect(order).toEqual(["a", "b"]);
    const refused = { code: "CONCURRENCY_LIMIT", status: 429, retryAfter: 1 };
    await expect(slots.take(BOUNDS, true)).rejects.toMatchObject(refused);
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
    const slots = new Slots(60_000);
    await slots.take({ concurrency: 1, queue: 9 }, false);
    const refused = slots.take({ concurrency: 1, queue: 9 }, false);
    await expect(refused).rejects.toMatchObject({ code: "CONCURRENCY_LIMIT" });
  });

  it("forget whoever goes away while waiting", async () => {
    const slots = new Slots(60_000);
    await slots.take({ concurrency: 1, queue: 1 }, true);
    const caller = new AbortController();
    const waiting = slots.take({ concurrency: 1, queue: 1 }, true, caller.signal);
    caller.abort();
    await expect(waiting).rejects.toBeInstanceOf(Aborted);
    slots.give();
    expect(slots.idle).toBe(true);
    const gone = slots.take({ concurrency: 1, queue: 1 }, true, caller.signal);
    await expect(gone).rejects.toBeInstanceOf(Aborted);
    expect(slots.idle).toBe(true);
  });

  it("let those who wait run once an operator allows more", async () => {
    const slots = new Slots(60_000);
    const order: string[] = [];
    const narrow = { concurrency: 1, queue: 5 };
    const all = ["a", "b", "c"].map((name) => taken(slots, order, name, narrow));
    await settled();
    expect(order).toEqual(["a"]);
    await slots.take({ concurrency: 4, queue: 5 }, true);
    await Promise.all(all);
    expect(order).toEqual(["a", "b", "c"]);
  });
});
