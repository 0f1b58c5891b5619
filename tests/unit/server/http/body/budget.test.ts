import { describe, expect, it } from "vitest";
import { BodyBudget } from "../../../../../server/http/body/budget.ts";
import { HostBusy } from "../../../../../src/base/errors.ts";

/** Holds a body of that size in memory until `work` ends. */
function hold<T>(
  budget: BodyBudget,
  bytes: number,
  work: () => Promise<T>,
  owner?: string,
): Promise<T> {
  return budget.share((share) => {
    share.add(bytes);
    return work();
  }, owner);
}

const forever = () => new Promise<void>(() => {});

describe("the body budget", () => {
  it("lets in what fits, refuses what does not, and frees what is done", async () => {
    const budget = new BodyBudget(100);
    let finish: () => void = () => {};
    const first = hold(budget, 60, () => new Promise<void>((resolve) => (finish = resolve)));
    await expect(hold(budget, 41, async () => 1)).rejects.toBeInstanceOf(HostBusy);
    expect(await hold(budget, 40, async () => 2)).toBe(2);
    finish();
    await first;
    expect(await hold(budget, 100, async () => 3)).toBe(3);
  });

  it("is nobody's as a whole", async () => {
    const budget = new BodyBudget(160);
    for (let n = 0; n < 10; n += 1) void hold(budget, 8, forever, "hostile");
    await expect(hold(budget, 8, forever, "hostile")).rejects.toBeInstanceOf(HostBusy);
    for (let n = 0; n < 5; n += 1) void hold(budget, 8, forever, "other");
    expect(await hold(budget, 8, async () => 1, "third")).toBe(1);
    expect(await hold(budget, 40, async () => 2)).toBe(2);
  });

  it("counts a body as it arrives, once, however many parts it comes in", async () => {
    const budget = new BodyBudget(100);
    const inParts = (parts: number, owner: string) =>
      budget.share(async (share) => {
        for (let n = 0; n < parts; n += 1) share.add(10);
        await forever();
      }, owner);
    void inParts(4, "acme");
    // As much again would leave nothing for others.
    await expect(inParts(4, "acme")).rejects.toBeInstanceOf(HostBusy);
    void inParts(5, "other");
    expect(await hold(budget, 10, async () => 1, "third")).toBe(1);
    await expect(hold(budget, 11, async () => 1, "third")).rejects.toBeInstanceOf(HostBusy);
  });

  it("takes nothing for what has not arrived", async () => {
    const budget = new BodyBudget(10);
    for (let n = 0; n < 100; n += 1) void budget.share(forever, "silent");
    expect(await hold(budget, 10, async () => 1, "acme")).toBe(1);
  });

  it("keeps what is held longer than its work", async () => {
    const budget = new BodyBudget(10);
    let finish: () => void = () => {};
    await budget.share(async (share) => {
      share.add(10);
      share.hold(new Promise<void>((resolve) => (finish = resolve)));
    });
    await expect(hold(budget, 1, async () => 1)).rejects.toBeInstanceOf(HostBusy);
    finish();
    await new Promise(setImmediate);
    expect(await hold(budget, 1, async () => 1)).toBe(1);
  });

  it("frees what fails, and always lets one in", async () => {
    const budget = new BodyBudget(10);
    const failing = hold(budget, 1_000, async () => {
      throw new Error("failed");
    });
    await expect(failing).rejects.toThrow("failed");
    expect(await hold(budget, 1_000, async () => 1)).toBe(1);
  });
});
