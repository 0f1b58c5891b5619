/** Tests the places of an execution's connections, which the sandbox gives out. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Place, Places } from "../../../runner-image/places.ts";

afterEach(() => vi.useRealTimers());

/** Asks for places. Returns those given out so far, in their order, with the numbers of the asker. */
function ask(places: Places, count: number, given: [number, Place][] = [], from = 0) {
  for (let n = from; n < from + count; n += 1) {
    void places.take().then((place) => given.push([n, place]));
  }
  return given;
}

const settled = () => vi.advanceTimersByTimeAsync(1);
const numbers = (given: [number, Place][]) => given.map(([number]) => number);

describe("places", () => {
  it("are 32 that move bytes; others wait in turn, and know that they have waited", async () => {
    vi.useFakeTimers();
    const given = ask(new Places(), 40);
    await settled();
    expect(given).toHaveLength(32);
    given[5]?.[1].free();
    given[0]?.[1].free();
    await settled();
    expect(numbers(given).slice(32)).toEqual([32, 33]);
    expect(given.map(([, { waited }]) => waited).slice(30)).toEqual([false, false, true, true]);
  });

  it("of quiet connections are given to others, up to 128 open ones", async () => {
    vi.useFakeTimers();
    const places = new Places();
    const given = ask(places, 200);
    await settled();
    const busy = setInterval(() => given[0]?.[1].moved(), 50);
    await vi.advanceTimersByTimeAsync(700);
    expect(given).toHaveLength(32 + 31);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(given).toHaveLength(128);
    for (const [, place] of given.slice(0, 10)) place.free();
    await settled();
    expect(given).toHaveLength(138);
    clearInterval(busy);
    for (const [, place] of given.slice(10)) place.free();
    await settled();
    expect(given.length).toBeGreaterThan(138);
    expect(vi.getTimerCount()).toBe(1);
    for (let freed = 138; freed < 200; freed += 1) {
      given[freed]?.[1].free();
      await settled();
    }
    expect(numbers(given)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(vi.getTimerCount()).toBe(0);
  });
});
