import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Shares } from "../../../../../src/engines/pool/shares.ts";
import { ScriptedSandbox } from "../../../../fakes/scripted-launcher.ts";

let shares: Shares;
let count = 0;

/** Gives a tenant a sandbox. */
function lease(tenant: string, fresh = true): ScriptedSandbox {
  count += 1;
  const sandbox = new ScriptedSandbox(`s${count}`, { memory: 128, cpus: 1 });
  shares.lease(sandbox, tenant, fresh);
  return sandbox;
}

/** Gives a tenant that many sandboxes, and takes each back. */
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
    expect(shares.compare("a", "b")).toBe(0);
    expect(shares.release(sandbox)).toBeUndefined();
    expect([shares.leased("b"), shares.size]).toEqual([0, 0]);
  });

  it("put the one first that was given one fewer, and a stranger at its side", () => {
    use("a", 3);
    use("b", 1);
    expect(shares.compare("b", "a")).toBe(0);
    use("a", 1);
    expect(shares.compare("b", "a")).toBeLessThan(0);
    expect(shares.compare("stranger", "b")).toBe(0);
  });

  it("hold nothing against who had many while nobody else wanted any", () => {
    use("a", 100);
    use("b", 2);
    expect(shares.compare("a", "b")).toBeLessThan(0);
    // It has not saved any turns either.
    use("b", 100);
    use("a", 2);
    expect(shares.compare("b", "a")).toBeLessThan(0);
  });

  it("count nothing for what a tenant was given again", () => {
    for (let each = 0; each < 9; each += 1) shares.release(lease("a", false));
    use("b", 1);
    expect(shares.compare("a", "b")).toBeLessThan(0);
  });

  it("call starved whose turn it is, if it has none and asks for one", () => {
    use("greedy", 8);
    use("modest", 1);
    use("greedy", 1);
    const starved = (): string[] =>
      ["greedy", "modest", "stranger"].filter((each) => shares.isStarved(each));
    expect(starved()).toEqual(["modest", "stranger"]);
    shares.queue("modest", 1);
    expect(starved()).toEqual(["modest", "stranger"]);
    shares.queue("modest", 1);
    expect(starved()).toEqual(["stranger"]);
    shares.queue("modest", -1);
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
});
