/** Tests the sandboxes of one key under a steady load, by the clock of the tests. */
import { setMaxListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DEFAULT_REUSE } from "../../../../../src/config/reuse-limits.ts";
import type { Sandbox } from "../../../../../src/engines/contract/contract.ts";
import { Pool } from "../../../../../src/engines/pool/pool.ts";
import type { PoolOptions } from "../../../../../src/engines/pool/pool-options.ts";
import type { WorkerGrant } from "../../../../../src/protocol/grants.ts";
import { ScriptedLauncher } from "../../../../fakes/scripted-launcher.ts";

const profile = { memory: 128, cpus: 1 };
const never = new AbortController().signal;
setMaxListeners(0, never);
/** Milliseconds of a start. */
const START = 200;
const MAX = 8;
const MIN = 2;

/** Launches sandboxes that take their time to start. */
class SlowLauncher extends ScriptedLauncher {
  override async launch(...asked: Parameters<ScriptedLauncher["launch"]>): Promise<Sandbox> {
    await new Promise((resolve) => setTimeout(resolve, START));
    return super.launch(...asked);
  }
}

let launcher: SlowLauncher;
let pool: Pool;

function newPool(limits: Partial<PoolOptions> = {}): Pool {
  const pool = new Pool(launcher, {
    profile,
    min: MIN,
    max: MAX,
    idle: 60_000,
    startConcurrency: 2,
    maxWaiting: 100,
    healthInterval: 5_000,
    onError: (error) => expect.unreachable(String(error)),
    ...limits,
  });
  pool.prewarm();
  return pool;
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  launcher = new SlowLauncher();
  pool = newPool();
});
afterEach(async () => {
  const closed = pool.close();
  await passed(2 * START);
  await closed;
  vi.useRealTimers();
});

/** Lets so many milliseconds pass, one after the other. */
async function passed(ms: number): Promise<void> {
  for (let each = 0; each < ms; each += 1) {
    await vi.advanceTimersByTimeAsync(1);
    await turn();
  }
}

/** Lets clients call the same code, each again as soon as it has its answer, until it is told to stop. */
function load(clients: number, ms: (call: number) => number, key = "hot", lender = pool) {
  const load = { calls: 0, longest: 0, isOver: false };
  const client = async (): Promise<void> => {
    while (!load.isOver) {
      const asked = performance.now();
      const sandbox = await lender.acquire(profile, never, { key });
      load.longest = Math.max(load.longest, performance.now() - asked);
      load.calls += 1;
      await new Promise((resolve) => setTimeout(resolve, ms(load.calls)));
      lender.keep(sandbox, key);
      // The answer's way to the client, and back.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  for (let each = 0; each < clients; each += 1) void client();
  return load;
}

const started = (): number => launcher.sandboxes.length;
const alive = (): number => launcher.alive.length;

it.each([
  [2, 2, 2],
  [8, 2, 3],
  [32, 2, 6],
])(
  "%i clients of code that takes %i ms have at most %i sandboxes, and none is started or ended",
  async (clients, ms, most) => {
    await passed(2 * START);
    const hot = load(clients, () => ms);
    await passed(1_000);
    expect(alive() - MIN).toBeLessThanOrEqual(most);
    const [before, living] = [started(), alive()];
    hot.longest = 0;
    await passed(4_000);
    expect([started(), alive()]).toEqual([before, living]);
    expect(hot.longest).toBeLessThanOrEqual(25);
    hot.isOver = true;
    await passed(50);
  },
);

it("code that waits for long gets as many as can be kept, and they stay", async () => {
  await passed(2 * START);
  const hot = load(8, () => 60);
  await passed(3_000);
  const [before, calls] = [started(), hot.calls];
  await passed(5_000);
  expect(started()).toBe(before);
  // Eight at once would make 82 calls of a client.
  expect((hot.calls - calls) / 8).toBeGreaterThan(55);
  hot.isOver = true;
  await passed(100);
  // Once nobody calls it any more, two of them are left, beside those that are warm.
  await passed(20_000);
  expect(alive() - MIN).toBe(2);
});

it("a sandbox that takes longer than those before is not waited for", async () => {
  await passed(2 * START);
  const hot = load(1, (call) => (call === 50 ? 1_000 : 2));
  while (hot.calls < 50) await passed(1);
  const second = pool.acquire(profile, never, { key: "hot" });
  await passed(30);
  const sandbox = await Promise.race([second, turn(undefined)]);
  expect(sandbox).toBeDefined();
  hot.isOver = true;
  await passed(1_100);
});

it("leaves those that are warm to others", async () => {
  await passed(2 * START);
  const hot = load(8, () => 60);
  await passed(3_000);
  for (let call = 0; call < 5; call += 1) {
    const acquired = pool.acquire(profile, never, { tenant: "other" });
    await passed(10);
    expect(await Promise.race([acquired, turn(undefined)])).toBeDefined();
    void pool.discard(await acquired);
    await passed(600);
  }
  hot.isOver = true;
  await passed(200);
});

it("calls one sandbox more than a thousand times", async () => {
  await passed(2 * START);
  const hot = load(1, () => 1);
  await passed(1_000);
  const before = started();
  await passed(3_000);
  expect(hot.calls).toBeGreaterThan(1_000);
  expect(started()).toBe(before);
  hot.isOver = true;
  await passed(50);
});

it.each([
  ["all of them are to be warm", { min: MAX }],
  ["that is set", { reuse: { ...DEFAULT_REUSE, total: 0 } }],
])("waits for no sandbox of its own if none is kept because %s", async (_why, limits) => {
  const key = "hot";
  const own = newPool(limits);
  await passed(5 * START);
  const first = await own.acquire(profile, never, { key });
  await passed(100);
  own.keep(first, key);
  await passed(2 * START);
  // One runs, and others are warm.
  for (let each = 0; each < 2; each += 1) void own.acquire(profile, never, { key });
  expect([own.leased, own.waiting]).toEqual([2, 0]);
  const closed = own.close();
  await passed(START);
  await closed;
});

it("does not keep others from sandboxes that are prepared for their grants", async () => {
  const own = newPool({ prepared: 2 });
  const none = { read: false, write: false, sys: false, run: false, ffi: false, import: false };
  const worker = { env: false, net: ["a.example"], ...none } as WorkerGrant;
  await passed(2 * START);
  const hot = load(16, () => 2, "hot", own);
  await passed(500);
  for (let call = 0; call < 2; call += 1) {
    const acquired = own.acquire(profile, never, { tenant: "other", worker });
    void acquired.then((sandbox) => own.discard(sandbox));
    await passed(2 * START);
  }
  await passed(2 * START);
  expect(own.waiting).toBeGreaterThan(0);
  const prepared = launcher.alive.filter((sandbox) => sandbox.worker !== undefined);
  expect(prepared).not.toEqual([]);
  hot.isOver = true;
  await passed(50);
  const closed = own.close();
  await passed(2 * START);
  await closed;
});
