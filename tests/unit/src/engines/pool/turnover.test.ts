import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Turnover } from "../../../../../src/engines/pool/turnover.ts";
import { ScriptedLauncher } from "../../../../fakes/scripted-launcher.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("expects waits by the sandboxes in use, and by how long the last ones were", async () => {
  const launcher = new ScriptedLauncher();
  const profile = { memory: 128, cpus: 1 };
  const [one, two] = [await launcher.launch(profile), await launcher.launch(profile)];
  const turnover = new Turnover();
  expect(turnover.wait("a", 1)).toBe(Number.POSITIVE_INFINITY);
  for (let n = 0; n < 50; n += 1) {
    turnover.begin(one, "a");
    vi.advanceTimersByTime(40);
    turnover.end(one);
  }
  turnover.begin(one, "a");
  expect(turnover.wait("a", 1)).toBeCloseTo(40, 0);
  turnover.begin(two, "a");
  expect(turnover.wait("a", 4)).toBeCloseTo(80, 0);
  expect(turnover.wait("b", 1)).toBe(Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(1_000);
  expect(turnover.wait("a", 1)).toBeCloseTo(500, 0);
  turnover.end(one);
  turnover.end(two);
  expect(turnover.wait("a", 1)).toBe(Number.POSITIVE_INFINITY);
});
