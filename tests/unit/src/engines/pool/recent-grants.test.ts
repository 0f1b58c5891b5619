import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RecentGrants } from "../../../../../src/engines/pool/recent-grants.ts";

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("recent grants", () => {
  it("are remembered for ten minutes after they were last given", () => {
    const recent = new RecentGrants(4);
    recent.note("a", "one");
    recent.note("b", "one");
    vi.advanceTimersByTime(6 * MINUTE);
    recent.note("a", "one");
    vi.advanceTimersByTime(4 * MINUTE);
    expect(recent.takeExpired()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(recent.takeExpired()).toEqual(["b"]);
    expect(recent.keys()).toEqual(["a"]);
    vi.advanceTimersByTime(6 * MINUTE);
    expect(recent.takeExpired()).toEqual(["a"]);
    expect(recent.size).toBe(0);
  });

  it("do not push each other out by turns", () => {
    const recent = new RecentGrants(2);
    for (let turn = 0; turn < 20; turn += 1) {
      expect(recent.note(["a", "b"][turn % 2] as string, "one")).toBeUndefined();
    }
    expect(recent.keys()).toEqual(["b", "a"]);
  });

  it("are a fixed number, of which the one given longest ago leaves", () => {
    const recent = new RecentGrants(2);
    recent.note("a", "one");
    recent.note("b", "one");
    recent.note("a", "one");
    expect(recent.note("c", "one")).toBe("b");
    expect(recent.keys()).toEqual(["c", "a"]);
  });

  it("of a tenant with many leave before those of a tenant with few", () => {
    const recent = new RecentGrants(4);
    recent.note("quiet", "one");
    const left: (string | undefined)[] = [];
    for (let at = 0; at < 1_000; at += 1) left.push(recent.note(`flood ${at}`, "other"));
    expect(left).not.toContain("quiet");
    expect(recent.size).toBe(4);
    expect(recent.keys()).toContain("quiet");
    // A newcomer takes a place of the tenant with the most, until it has as many.
    expect(recent.note("quiet too", "one")).toBe("flood 997");
    expect(recent.note("flood again", "other")).toBe("flood 998");
    expect(recent.keys()).toEqual(["flood again", "quiet too", "flood 999", "quiet"]);
  });

  it("leave one place each to as many tenants as there are places", () => {
    const recent = new RecentGrants(2);
    recent.note("a", "one");
    recent.note("b", "two");
    expect(recent.note("c", "three")).toBe("a");
    expect(recent.note("d", "three")).toBe("c");
    expect(recent.keys()).toEqual(["d", "b"]);
  });
});
