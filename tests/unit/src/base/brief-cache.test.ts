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
