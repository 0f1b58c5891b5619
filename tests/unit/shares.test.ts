import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Shares } from "../../src/engines/shares.ts";
import { ScriptedSandbox } from "../fakes/scripted-launcher.ts";

let shares: Shares;
let count = 0;

/** Gives a tenant a sandbox. */
function lease(tenant: string, fresh = true): ScriptedSandbox {
  count += 1;
  const sandbox = new ScriptedSandbox(`s${count}`, { memory: 128, cpus: 1 });
  shares.lease(sandbox, tenant, fresh);
  return sandbox;
}

/** Gives a tenant so many sandboxes, and takes each back. */
function use(tenant: string, times: number): void {
  for (let each = 0; each < times; each += 1) shares.release(lease(tenant));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  shares = new Shares();
});
afterEach(() => vi.useRealTimers());

describe("shares", () => {
  it("put the tenant with fewer sandboxes first, whatever it has had", () => {
    use("a", 5);
    const sandbox = lease("b");
    expect(shares.compare("a", "b")).toBeLessThan(0);
    expect(shares.release(sandbox)).toBe("b");
    expect(shares.compare("a", "b")).toBeGreaterThan(0);
    expect(shares.release(sandbox)).toBeUndefined();
    expect([shares.leased("b"), shares.size]).toEqual([0, 0]);
  });

  it("put the one first that was given fewer lately, and a stranger before both", () => {
    use("a", 3);
    vi.advanceTimersByTime(30_000);
    use("b", 1);
    expect(shares.compare("a", "b")).toBeLessThan(0);
    expect(shares.compare("stranger", "a")).toBeLessThan(0);
    expect(shares.compare("a", "a")).toBe(0);
  });

  it("count nothing for what a tenant was given again", () => {
    for (let each = 0; each < 9; each += 1) shares.release(lease("a", false));
    use("b", 1);
    expect(shares.compare("a", "b")).toBeLessThan(0);
  });

  it("call starved who has none and was given clearly fewer than the greediest", () => {
    use("greedy", 8);
    use("greedy too", 7);
    use("modest", 4);
    const starved = (): string[] =>
      ["greedy", "greedy too", "modest", "stranger"].filter((each) => shares.isStarved(each));
    expect(starved()).toEqual(["modest", "stranger"]);
    lease("modest");
    expect(starved()).toEqual(["stranger"]);
  });

  it("forget who was not heard of for long, but not what it has", () => {
    shares.note("gone");
    lease("busy");
    vi.advanceTimersByTime(600_001);
    shares.note("new");
    shares.prune();
    expect(shares.tenants).toBe(2);
    expect(shares.leased("busy")).toBe(1);
  });

  it("go on for years", () => {
    for (let hour = 0; hour < 24 * 365; hour += 1) {
      use("a", 2);
      use("b", 1);
      vi.advanceTimersByTime(3_600_000);
      shares.note("a");
      shares.note("b");
      shares.prune();
    }
    use("a", 2);
    use("b", 1);
    expect(shares.compare("b", "a")).toBeLessThan(0);
    expect([shares.isStarved("a"), shares.isStarved("b")]).toEqual([false, true]);
  });
});
