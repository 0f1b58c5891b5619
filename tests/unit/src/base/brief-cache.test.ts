import { afterEach, describe, expect, it, vi } from "vitest";
import { BriefCache } from "../../../../src/base/brief-cache.ts";

afterEach(() => void vi.restoreAllMocks());

/** Sets the clock, and waits until the cache reads it again. */
async function setClock(milliseconds: number): Promise<void> {
  vi.spyOn(performance, "now").mockReturnValue(milliseconds);
  await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Makes a cache of texts, sized by their letters, and a list of its reads. */
function sized(maxSize: number) {
  const reads: string[] = [];
  const cache = new BriefCache<string>({ maxSize, sizeOf: (text = "-") => text.length });
  const get = (key: string, text = key) =>
    cache.get(key, async () => {
      reads.push(key);
      return text;
    });
  return { cache, reads, get };
}

describe("a brief cache", () => {
  it("reads once for all who ask, and again after five seconds", async () => {
    await setClock(1);
    const { get, reads } = sized(100);
    expect(await Promise.all([get("a"), get("a")])).toEqual(["a", "a"]);
    await setClock(4_900);
    await get("a");
    expect(reads).toEqual(["a"]);
    await setClock(5_100);
    await get("a");
    expect(reads).toEqual(["a", "a"]);
  });

  it("keeps no more than its size, by what each value takes once it is read", async () => {
    const { get, reads } = sized(100);
    for (const key of ["a", "b", "c"]) await get(key, key.repeat(40));
    await get("c");
    await get("b");
    await get("a");
    expect(reads).toEqual(["a", "b", "c", "a"]);
  });

  it("keeps no failure", async () => {
    const cache = new BriefCache<string>();
    await expect(cache.get("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await cache.get("a", async () => "yes")).toBe("yes");
  });

  it("does not keep what was being read when it was forgotten", async () => {
    const cache = new BriefCache<string>();
    let answer = (_text: string) => {};
    const before = cache.get("a/1", () => new Promise((resolve) => (answer = resolve)));
    cache.forgetBelow("a/");
    answer("old");
    expect(await before).toBe("old");
    expect(await cache.get("a/1", async () => "new")).toBe("new");
  });
});

describe("a cache of a store that may be away", () => {
  class Away extends Error {}
  const rules = { fresh: 5_000, isAway: (error: unknown) => error instanceof Away };
  const size = { maxSize: 100, sizeOf: () => 1 };
  const fails = (error: Error) => () => Promise.reject(error);
  const away = fails(new Away());

  it("uses the last value for a minute more, and asks again after a second", async () => {
    await setClock(1);
    const cache = new BriefCache<string>(size, rules);
    await cache.get("a", async () => "old");
    await setClock(6_000);
    let reads = 0;
    const read = async (): Promise<string> => {
      reads += 1;
      throw new Away();
    };
    expect([await cache.get("a", read), await cache.get("a", read)]).toEqual(["old", "old"]);
    expect(reads).toBe(1);
    await setClock(7_100);
    expect(await cache.get("a", read)).toBe("old");
    expect(reads).toBe(2);
    await setClock(64_900);
    expect(await cache.get("a", away)).toBe("old");
    await setClock(65_100);
    await expect(cache.get("a", away)).rejects.toThrow(Away);
    expect(await cache.get("a", async () => "new")).toBe("new");
  });

  it("uses none over a failure of another kind, and none that was forgotten", async () => {
    await setClock(1);
    const cache = new BriefCache<string>(size, rules);
    await cache.get("a", async () => "old");
    await cache.get("b", async () => "old");
    await setClock(6_000);
    await expect(cache.get("a", fails(new Error("unreadable")))).rejects.toThrow("unreadable");
    await expect(cache.get("a", away)).rejects.toThrow(Away);
    cache.forget("b");
    await expect(cache.get("b", away)).rejects.toThrow(Away);
  });

  it("keeps a definite none: no earlier value comes back, and none counts as known", async () => {
    await setClock(1);
    const cache = new BriefCache<string | undefined>(size, rules);
    await cache.get("a", async () => "old");
    await setClock(6_000);
    expect(await cache.get("a", async () => undefined)).toBeUndefined();
    expect(await cache.get("a", away)).toBeUndefined();
    await setClock(12_000);
    await expect(cache.get("a", away)).rejects.toThrow(Away);
  });

  it("reads all values again once they have expired", async () => {
    await setClock(1);
    const cache = new BriefCache<string>(size, { ...rules, fresh: 60_000 });
    await cache.get("a", async () => "old");
    await cache.get("b", async () => "old");
    await setClock(2_000);
    cache.expire();
    expect(await cache.get("a", async () => "new")).toBe("new");
    expect(await cache.get("b", away)).toBe("old");
    await setClock(62_100);
    await expect(cache.get("b", away)).rejects.toThrow(Away);
  });

  it("does not keep what was being read when all expired", async () => {
    const cache = new BriefCache<string>(size, rules);
    let answer = (_text: string) => {};
    const before = cache.get("a", () => new Promise((resolve) => (answer = resolve)));
    cache.expire();
    answer("old");
    expect(await before).toBe("old");
    expect(await cache.get("a", async () => "new")).toBe("new");
  });

  it("waits a second for a store that is silent, and takes its answer when it comes", async () => {
    await setClock(1);
    const cache = new BriefCache<string>(size, rules);
    await cache.get("a", async () => "old");
    await setClock(6_000);
    let answer = (_text: string) => {};
    const slow = () => new Promise<string>((resolve) => (answer = resolve));
    expect(await cache.get("a", slow)).toBe("old");
    expect(await cache.get("a", fails(new Error("not read")))).toBe("old");
    answer("new");
    await setClock(6_001);
    expect(await cache.get("a", fails(new Error("not read")))).toBe("new");
  });
});
