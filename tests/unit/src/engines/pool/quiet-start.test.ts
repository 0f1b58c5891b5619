import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { quietly } from "../../../../../src/engines/pool/quiet-start.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Starts something that takes so many milliseconds, and notes when its priority is raised. */
function start(
  ms: number,
  isAwaited: () => boolean = () => false,
  fails = (_time: number) => false,
) {
  const raised: string[] = [];
  const priority = {
    raise: (isLast: boolean) => {
      const time = performance.now() - begun;
      if (fails(time)) throw new Error("Not raised");
      raised.push(`${time}${isLast ? ", at last" : ""}`);
    },
  };
  const begun = performance.now();
  const done = quietly(priority, isAwaited, () => new Promise((end) => setTimeout(end, ms, "up")));
  done.catch(() => {});
  return { raised, done };
}

it("raises the priority of what nobody waits for when it has started", async () => {
  const { raised, done } = start(200);
  await vi.advanceTimersByTimeAsync(200);
  expect(await done).toBe("up");
  expect(raised).toEqual(["200, at last"]);
});

it("raises it before if somebody waits by then, as soon as that is possible, and once", async () => {
  let waiting = 0;
  const fails = (time: number) => time < 100;
  const { raised, done } = start(200, () => waiting > 0, fails);
  await vi.advanceTimersByTimeAsync(50);
  waiting = 1;
  await vi.advanceTimersByTimeAsync(150);
  expect(await done).toBe("up");
  expect(raised).toEqual(["100"]);
});

it("raises it on a host on which the start takes long", async () => {
  const { raised, done } = start(5_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await done).toBe("up");
  expect(raised).toEqual(["1010"]);
});

it("fails rather than to leave a low one, and changes none without any", async () => {
  const { done } = start(50, undefined, () => true);
  await vi.advanceTimersByTimeAsync(50);
  await expect(done).rejects.toThrow("Not raised");
  expect(
    await quietly(
      undefined,
      () => true,
      async () => "up",
    ),
  ).toBe("up");
  expect(vi.getTimerCount()).toBe(0);
});
