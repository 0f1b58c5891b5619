import { afterEach, describe, expect, it, vi } from "vitest";
import { executionId } from "../../../../server/runs/execution-id.ts";

afterEach(() => vi.useRealTimers());

describe("executionId()", () => {
  it("makes UUIDs of version 7 that hold the time", () => {
    const before = Date.now();
    const id = executionId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now() + 100);
  });

  it("makes them in order, however many in a millisecond, and when the clock goes back", () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1_000 });
    const ids = Array.from({ length: 10_000 }, executionId);
    vi.setSystemTime(Date.now() - 60_000);
    ids.push(...Array.from({ length: 10_000 }, executionId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });
});
