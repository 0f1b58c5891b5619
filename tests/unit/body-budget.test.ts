import { describe, expect, it } from "vitest";
import { BodyBudget } from "../../server/body-budget.ts";
import { HostBusy } from "../../src/errors.ts";

describe("the body budget", () => {
  it("lets in what fits, refuses what does not, and frees what is done", async () => {
    const budget = new BodyBudget(100);
    let finish: () => void = () => {};
    const first = budget.hold(60, () => new Promise<void>((resolve) => (finish = resolve)));
    await expect(budget.hold(41, async () => 1)).rejects.toBeInstanceOf(HostBusy);
    expect(await budget.hold(40, async () => 2)).toBe(2);
    finish();
    await first;
    expect(await budget.hold(100, async () => 3)).toBe(3);
  });

  it("is nobody's as a whole, however little comes of what is announced", async () => {
    const budget = new BodyBudget(160);
    const silent = () => budget.hold(8, () => new Promise<void>(() => {}), "hostile");
    for (let n = 0; n < 10; n += 1) void silent();
    await expect(silent()).rejects.toBeInstanceOf(HostBusy);
    for (let n = 0; n < 5; n += 1) void budget.hold(8, () => new Promise<void>(() => {}), "other");
    expect(await budget.hold(8, async () => 1, "third")).toBe(1);
    expect(await budget.hold(40, async () => 2)).toBe(2);
  });

  it("frees what fails, and always lets one in", async () => {
    const budget = new BodyBudget(10);
    const failing = budget.hold(1_000, async () => {
      throw new Error("failed");
    });
    await expect(failing).rejects.toThrow("failed");
    expect(await budget.hold(1_000, async () => 1)).toBe(1);
  });
});
