/** Tests the end of a run that lingers: it is within the timeout, whatever its code does. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Aborted } from "../../../../../src/base/errors.ts";
import type { Ending, Outcome, RunEvents } from "../../../../../src/engines/contract/contract.ts";
import { Meter } from "../../../../../src/engines/metering/meter.ts";
import { PooledEngine } from "../../../../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, job, PROFILE } from "../../../../contract/engine-contract.ts";
import { ScriptedLauncher } from "../../../../fakes/scripted-launcher.ts";

const RESULT: Ending = { type: "result", text: undefined, dropped: 0 };
const TIMEOUT = 1_000;

let engine: PooledEngine;
/** Milliseconds that the code takes to linger. */
let lingersAfter: number;
/** Milliseconds until it ends once it is asked; `undefined` if it blocks. */
let endsWithin: number | undefined;
let asked: number[];
let cut: number[];
let began: number;
let end: Outcome | Error | undefined;
/** Milliseconds of processor time that the sandbox has used; `null` where nothing measures it. */
let cpu: () => number | null;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  [lingersAfter, endsWithin, asked, cut, began] = [10, 5, [], [], performance.now()];
  cpu = () => null;
  const launcher = new ScriptedLauncher();
  const launch = launcher.launch.bind(launcher);
  launcher.launch = async (profile) => {
    const sandbox = await launch(profile);
    let end: (ending: Ending) => void;
    const ending = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    sandbox.run = (_job: unknown, events: RunEvents) => {
      setTimeout(() => events.onLingering?.(), lingersAfter);
      return ending;
    };
    sandbox.finish = () => {
      asked.push(performance.now() - began);
      if (endsWithin !== undefined) setTimeout(() => end(RESULT), endsWithin);
    };
    const gauge = {
      cpu: () => cpu(),
      peakMemory: () => null,
      forgetPeak: () => true,
      close: () => {},
    };
    Object.assign(sandbox, { meter: new Meter(gauge) });
    sandbox.cut = async () => void cut.push(performance.now() - began);
    return sandbox;
  };
  engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
});
afterEach(async () => {
  await engine.close();
  vi.useRealTimers();
});

/** Runs a job that has network access. Returns what it has come to after `ms` milliseconds. */
async function after(ms: number, signal?: AbortSignal): Promise<Outcome | Error | undefined> {
  end = undefined;
  const grants = { worker: {}, env: {}, egress: {} } as never;
  engine.execute({ ...job("code"), grants }, { profile: PROFILE, timeout: TIMEOUT, signal }).then(
    (outcome) => (end = outcome),
    (error: Error) => (end = error),
  );
  // Lets the sandbox start, which takes no time of this clock.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(ms);
  return end;
}

it("is asked for before the timeout, and is then a success", async () => {
  expect(await after(TIMEOUT - 1)).toMatchObject({ status: "ok" });
  expect(asked).toEqual([TIMEOUT - 250]);
});

it("is asked for at once where it begins to linger late", async () => {
  lingersAfter = TIMEOUT - 50;
  expect(await after(TIMEOUT - 1)).toMatchObject({ status: "ok" });
  expect(asked).toEqual([TIMEOUT - 50]);
});

it("comes with the timeout for code that blocks, and so does the end of its network", async () => {
  endsWithin = undefined;
  expect(await after(TIMEOUT)).toMatchObject({ status: "timeout" });
  expect(cut).toEqual([TIMEOUT]);
});

it("is a success where the machine has had no time for it, as the sandbox's processor time shows", async () => {
  endsWithin = undefined;
  cpu = () => 40;
  expect(await after(TIMEOUT - 1)).toBeUndefined();
  expect(asked).toEqual([TIMEOUT - 250]);
  await vi.advanceTimersByTimeAsync(1);
  expect(end).toMatchObject({ status: "ok", duration: TIMEOUT });
  expect(end).not.toHaveProperty("result");
  expect(cut).toEqual([TIMEOUT]);
});

it.each([
  ["computes from then on", () => performance.now() - began],
  ["cannot be measured", () => null],
])("is a timeout of code that %s", async (_what, used) => {
  endsWithin = undefined;
  cpu = used;
  expect(await after(TIMEOUT)).toMatchObject({ status: "timeout" });
});

it("is a timeout of code that has not begun to linger, however little it computes", async () => {
  lingersAfter = TIMEOUT + 1;
  cpu = () => 40;
  expect(await after(TIMEOUT)).toMatchObject({ status: "timeout" });
});

it("is not waited for once its caller has gone", async () => {
  endsWithin = undefined;
  const caller = new AbortController();
  setTimeout(() => caller.abort(), TIMEOUT - 50);
  expect(await after(TIMEOUT - 50, caller.signal)).toBeInstanceOf(Aborted);
  expect(asked).toHaveLength(1);
});
