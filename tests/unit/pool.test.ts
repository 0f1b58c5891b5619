import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pool, type PoolOptions } from "../../src/engines/pool.ts";
import { EngineUnavailable, HostBusy, ShuttingDown } from "../../src/errors.ts";
import { ScriptedLauncher, type ScriptedSandbox } from "../fakes/scripted-launcher.ts";

const small = { memory: 128, cpus: 1 };
const large = { memory: 512, cpus: 1 };
const never = new AbortController().signal;

let launcher: ScriptedLauncher;
let errors: unknown[];
let pool: Pool;

function open(options: Partial<PoolOptions> = {}): Pool {
  pool = new Pool(launcher, {
    profile: small,
    min: 2,
    max: 4,
    idle: 1_000,
    startConcurrency: 2,
    maxWaiting: 10,
    healthInterval: 500,
    onError: (error) => errors.push(error),
    ...options,
  });
  return pool;
}

/** Lets everything that is ready to happen happen; the clock stands still. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  launcher = new ScriptedLauncher();
  errors = [];
});
afterEach(async () => {
  launcher.pending.splice(0).map(({ finish }) => finish());
  launcher.automatic = true;
  await pool.close();
  vi.useRealTimers();
});

describe("pool", () => {
  it("fills to its minimum and no further", async () => {
    open();
    await settle();
    expect(pool).toMatchObject({ warm: 2, starting: 0, leased: 0 });
    expect(launcher.sandboxes).toHaveLength(2);
  });

  it("never starts more at once than allowed", async () => {
    open({ min: 4, startConcurrency: 2 });
    await settle();
    expect(pool.warm).toBe(4);
    expect(launcher.mostAtOnce).toBe(2);
  });

  it("leases a warm sandbox at once and replaces it after it is discarded", async () => {
    open({ min: 1, max: 1 });
    await settle();
    const sandbox = await pool.acquire(small, never);
    expect(pool).toMatchObject({ warm: 0, leased: 1 });
    await pool.discard(sandbox);
    await settle();
    expect(launcher.sandboxes.map(({ destroyed }) => destroyed)).toEqual([1, 0]);
    expect(pool).toMatchObject({ warm: 1, leased: 0 });
  });

  it("replaces a sandbox that is leased for long, but not before a short lease is over", async () => {
    open({ min: 1, max: 3 });
    await settle();
    const sandbox = await pool.acquire(small, never);
    await settle();
    expect(pool).toMatchObject({ warm: 0, starting: 0, leased: 1 });
    await vi.advanceTimersByTimeAsync(60);
    await settle();
    expect(pool).toMatchObject({ warm: 1, leased: 1 });
    await pool.discard(sandbox);
  });

  it("starts the successor while the used one is still going", async () => {
    open({ min: 1, max: 2 });
    await settle();
    const sandbox = (await pool.acquire(small, never)) as ScriptedSandbox;
    let finish: () => void = () => {};
    sandbox.destroy = () => new Promise((resolve) => (finish = resolve));
    void pool.discard(sandbox);
    await settle();
    expect(pool).toMatchObject({ warm: 1, leased: 0 });
    finish();
  });

  it("never leases the same sandbox twice", async () => {
    open();
    const seen = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const sandbox = await pool.acquire(small, never);
      seen.add(sandbox.id);
      await pool.discard(sandbox);
    }
    expect(seen.size).toBe(20);
  });

  it("serves those who wait in their order", async () => {
    launcher.automatic = false;
    open({ min: 0 });
    const served: number[] = [];
    for (const n of [1, 2, 3]) void pool.acquire(small, never).then(() => served.push(n));
    for (let round = 0; round < 3; round += 1) {
      launcher.pending.shift()?.finish();
      await settle();
    }
    expect(served).toEqual([1, 2, 3]);
  });

  it("never has more alive than its maximum", async () => {
    open({ min: 0, max: 2 });
    const first = await pool.acquire(small, never);
    await pool.acquire(small, never);
    let third = false;
    void pool.acquire(small, never).then(() => {
      third = true;
    });
    await settle();
    expect(third).toBe(false);
    expect(launcher.alive).toHaveLength(2);
    await pool.discard(first);
    await settle();
    expect(third).toBe(true);
    expect(launcher.alive).toHaveLength(2);
  });

  it("lets a warm sandbox of another profile go when somebody waits for its room", async () => {
    open({ min: 2, max: 2 });
    await settle();
    const sandbox = pool.acquire(large, never);
    await settle();
    await expect(sandbox).resolves.toMatchObject({ profile: large });
    expect(launcher.alive).toHaveLength(2);
  });

  it("refuses at once when the queue is full", async () => {
    launcher.automatic = false;
    open({ min: 0, maxWaiting: 1 });
    void pool.acquire(small, never).catch(() => {});
    await expect(pool.acquire(small, never)).rejects.toBeInstanceOf(HostBusy);
  });

  it("forgets who stopped waiting", async () => {
    launcher.automatic = false;
    open({ min: 0 });
    const caller = new AbortController();
    const leased = pool.acquire(small, caller.signal);
    caller.abort(new Error("gone"));
    await expect(leased).rejects.toThrow("gone");
    launcher.pending.shift()?.finish();
    await settle();
    expect(pool).toMatchObject({ leased: 0, warm: 1 });
  });

  it("keeps one of another profile warm, and lets it go when nobody uses it", async () => {
    open({ min: 1 });
    await pool.discard(await pool.acquire(large, never));
    await settle();
    expect(launcher.alive.map(({ profile }) => profile)).toEqual(expect.arrayContaining([large]));
    await vi.advanceTimersByTimeAsync(3_000);
    await settle();
    expect(launcher.alive.map(({ profile }) => profile)).toEqual([small]);
  });

  it("replaces a sandbox that does not answer its health check", async () => {
    open();
    await settle();
    const [sick] = launcher.sandboxes;
    if (sick === undefined) throw new Error("No sandbox");
    sick.answersPing = false;
    await vi.advanceTimersByTimeAsync(600);
    await settle();
    expect(sick.destroyed).toBe(1);
    expect(pool.warm).toBe(2);
    expect(errors).toHaveLength(1);
  });

  it("replaces a sandbox that ends while it is idle, after a pause", async () => {
    open();
    await settle();
    launcher.sandboxes[0]?.close();
    await settle();
    expect(launcher.sandboxes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(150);
    await settle();
    expect(pool.warm).toBe(2);
    expect(launcher.sandboxes[0]?.destroyed).toBe(1);
  });

  it("tells the first to wait why a start failed, and tries again ever more slowly", async () => {
    launcher.automatic = false;
    open({ min: 0, startConcurrency: 1 });
    const first = expect(pool.acquire(small, never)).rejects.toMatchObject({
      name: "EngineUnavailable",
      cause: new Error("no disk"),
    });
    const second = pool.acquire(small, never);
    launcher.pending.shift()?.fail(new Error("no disk"));
    await first;
    await settle();
    expect(launcher.pending).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(150);
    expect(launcher.pending).toHaveLength(1);
    launcher.pending.shift()?.finish();
    await settle();
    await expect(second).resolves.toBeDefined();
  });

  it("lets the warm ones go while it is halted, and fills again afterwards", async () => {
    open();
    await settle();
    const waiting = pool.acquire(large, never).catch((error: unknown) => error);
    const reason = new EngineUnavailable("The engine is away");
    pool.halt(reason);
    expect(await waiting).toBe(reason);
    await expect(pool.acquire(small, never)).rejects.toBe(reason);
    await settle();
    expect(launcher.alive).toHaveLength(0);
    pool.resume();
    await settle();
    expect(pool.warm).toBe(3);
  });

  it("ends all it has when it closes, what is still starting included", async () => {
    open({ min: 1 });
    await settle();
    const leased = await pool.acquire(small, never);
    launcher.automatic = false;
    const starting = pool.acquire(small, never).catch((error: unknown) => error);
    const closing = pool.close();
    for (const { finish } of launcher.pending.splice(0)) finish();
    await closing;
    expect(await starting).toBeInstanceOf(ShuttingDown);
    expect(leased).toMatchObject({ destroyed: 1 });
    expect(launcher.alive).toHaveLength(0);
    await expect(pool.acquire(small, never)).rejects.toBeInstanceOf(ShuttingDown);
  });
});
