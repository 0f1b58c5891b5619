import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EngineUnavailable, HostBusy, ShuttingDown } from "../../../../../src/base/errors.ts";
import type { ReuseLimits } from "../../../../../src/config/reuse-limits.ts";
import type { Sandbox } from "../../../../../src/engines/contract/contract.ts";
import { Pool } from "../../../../../src/engines/pool/pool.ts";
import type { PoolOptions } from "../../../../../src/engines/pool/pool-options.ts";
import { ScriptedLauncher, type ScriptedSandbox } from "../../../../fakes/scripted-launcher.ts";

const small = { memory: 128, cpus: 1 };
const large = { memory: 512, cpus: 1 };
const never = new AbortController().signal;

let launcher: ScriptedLauncher;
let errors: unknown[];
let pool: Pool;

function open(options: Partial<PoolOptions> = {}, isWarm = true): Pool {
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
  if (isWarm) pool.prewarm();
  return pool;
}

/** Runs everything that is ready, without moving the clock. */
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

  it("keeps nothing warm, of any profile, until it is told to", async () => {
    open({}, false);
    for (const profile of [small, large]) {
      const leased = await pool.acquire(profile, never);
      await pool.discard(leased);
      await settle();
      expect(pool).toMatchObject({ warm: 0, starting: 0, leased: 0 });
    }
    pool.prewarm();
    await settle();
    expect(pool).toMatchObject({ warm: 2, starting: 0 });
  });

  it("never starts more at once than allowed", async () => {
    open({ min: 4, startConcurrency: 2 });
    await settle();
    expect(pool.warm).toBe(4);
    expect(launcher.mostAtOnce).toBe(2);
  });

  it("hurries starts while requests wait, and no others", async () => {
    open({ min: 1, max: 4, startConcurrency: 3 }, false);
    const leases = [pool.acquire(small, never), pool.acquire(small, never)];
    await settle();
    await Promise.all(leases);
    pool.prewarm();
    await settle();
    expect(launcher.sandboxes.map(({ hurried }) => hurried)).toEqual([true, true, false]);
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

  it("hands out no sandbox that a listener has killed at its start, but the next one", async () => {
    open({ min: 0 });
    let started = 0;
    pool.onSpawn.add((sandbox) => {
      started += 1;
      if (started === 1) void pool.kill(sandbox);
    });
    const leasing = pool.acquire(small, never);
    await settle();
    await vi.advanceTimersByTimeAsync(100);
    await settle();
    expect(await leasing).toBe(launcher.sandboxes[1]);
    expect(launcher.alive).toEqual([launcher.sandboxes[1]]);
    expect(errors.map(String)).toEqual(["Error: Sandbox s0 was killed"]);
  });

  it("starts ever more slowly while a listener kills all sandboxes at once, and says so", async () => {
    open({ min: 0 });
    pool.onSpawn.add((sandbox) => void pool.kill(sandbox));
    const refused = expect(pool.acquire(small, never)).rejects.toThrow(
      "A sandbox could not be started",
    );
    for (let passed = 0; passed < 4_000; passed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      await settle();
    }
    await refused;
    expect(launcher.sandboxes.length).toBeLessThan(8);
    expect(launcher.alive).toEqual([]);
  });

  it("tries a failed start again ever more slowly, and tells the first to wait after a second", async () => {
    launcher.automatic = false;
    open({ min: 0, startConcurrency: 1 });
    const told: unknown[] = [];
    const first = pool.acquire(small, never).catch((error: unknown) => told.push(error));
    const second = pool.acquire(small, never);
    for (const pause of [100, 200, 400, 800]) {
      launcher.pending.shift()?.fail(new Error("no disk"));
      await settle();
      expect(launcher.pending).toHaveLength(0);
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(launcher.pending).toHaveLength(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(launcher.pending).toHaveLength(1);
    }
    expect(told).toEqual([]);
    launcher.pending.shift()?.fail(new Error("no disk"));
    await first;
    expect(told).toMatchObject([{ name: "EngineUnavailable", cause: new Error("no disk") }]);
    await vi.advanceTimersByTimeAsync(1_600);
    launcher.pending.shift()?.finish();
    await settle();
    await expect(second).resolves.toBeDefined();
  });

  it("lets the warm ones go while it is halted, and then serves all who have waited", async () => {
    open();
    await settle();
    const before = pool.acquire(large, never);
    pool.halt(new EngineUnavailable("The engine is away"));
    const meanwhile = pool.acquire(small, never);
    await settle();
    expect(launcher.alive).toHaveLength(0);
    expect(pool).toMatchObject({ waiting: 2, leased: 0 });
    pool.resume();
    await settle();
    expect((await before).profile).toBe(large);
    expect((await meanwhile).profile).toBe(small);
    expect(pool).toMatchObject({ waiting: 0, leased: 2, haltedFor: 0 });
  });

  it("refuses those beyond its queue with the reason while it is halted", async () => {
    open({ maxWaiting: 1 });
    const reason = new EngineUnavailable("The engine is away");
    pool.halt(reason);
    const waiting = pool.acquire(small, never);
    await expect(pool.acquire(small, never)).rejects.toBe(reason);
    pool.resume();
    await expect(waiting).resolves.toBeDefined();
  });

  it("says nothing of a start that failed because the engine went away", async () => {
    launcher.automatic = false;
    open({ min: 0 });
    const waiting = pool.acquire(small, never);
    await vi.advanceTimersByTimeAsync(5_000);
    pool.halt(new EngineUnavailable("The engine is away"));
    launcher.pending.shift()?.fail(new Error("ECONNREFUSED"));
    await settle();
    launcher.automatic = true;
    pool.resume();
    await expect(waiting).resolves.toBeDefined();
  });

  it("stays closed, whoever resumes or halts it", async () => {
    open();
    await settle();
    await pool.close();
    pool.halt(new EngineUnavailable("Away"));
    pool.resume();
    pool.renew();
    await settle();
    expect(pool).toMatchObject({ closed: true, warm: 0, starting: 0 });
    expect(launcher.sandboxes).toHaveLength(2);
    await expect(pool.acquire(small, never)).rejects.toBeInstanceOf(ShuttingDown);
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

  describe("with sandboxes that are kept", () => {
    const limits = { perKey: 2, total: 3, idle: 1_000, age: 5_000, uses: 3 };
    const openFor = (reuse: Partial<ReuseLimits> = {}, options: Partial<PoolOptions> = {}) =>
      open({ min: 1, max: 8, reuse: { ...limits, ...reuse }, healthInterval: 60_000, ...options });
    const ids = (sandboxes: readonly Sandbox[]) => sandboxes.map(({ id }) => id);
    const lease = (key?: string, profile = small) => pool.acquire(profile, never, { key });

    it("leases them for their key and their profile alone, the last used first", async () => {
      openFor();
      const [a, b] = [await lease("a"), await lease("a")];
      pool.keep(a, "a");
      pool.keep(b, "a");
      expect(pool).toMatchObject({ kept: 2, leased: 0 });
      const others = [await lease("b"), await lease(), await lease("a", large)];
      expect(ids(others)).not.toContain(a.id);
      expect(ids(others)).not.toContain(b.id);
      expect(ids([await lease("a"), await lease("a")])).toEqual(ids([b, a]));
      expect(pool.kept).toBe(0);
    });

    it("never gives one to another key, whatever it is kept for", async () => {
      openFor();
      const sandbox = (await lease("a")) as ScriptedSandbox;
      pool.keep(sandbox, "a");
      await lease("a");
      pool.keep(sandbox, "b");
      expect(sandbox.destroyed).toBe(1);
      expect(pool.kept).toBe(0);
    });

    it("keeps so many of a key, and so many in all, beside the minimum", async () => {
      openFor();
      const same = [await lease("a"), await lease("a"), await lease("a")];
      for (const sandbox of same) pool.keep(sandbox, "a");
      expect(same).toMatchObject([{ destroyed: 1 }, { destroyed: 0 }, { destroyed: 0 }]);
      const others = [await lease("b"), await lease("c")];
      for (const sandbox of others) pool.keep(sandbox, sandbox === others[0] ? "b" : "c");
      expect(pool.kept).toBe(3);
      expect(same[1]).toMatchObject({ destroyed: 1 });
      await pool.close();
      openFor({}, { min: 2, max: 3 });
      const few = [await lease("a"), await lease("b")];
      pool.keep(few[0] as Sandbox, "a");
      pool.keep(few[1] as Sandbox, "b");
      expect(pool.kept).toBe(1);
    });

    it.each([
      ["idle time", { idle: 1_000 }, 1_600],
      ["age", { idle: 60_000, age: 2_000 }, 31_000],
    ])("drops them after an %s", async (_what, reuse, ms) => {
      openFor(reuse);
      const sandbox = await lease("a");
      pool.keep(sandbox, "a");
      await vi.advanceTimersByTimeAsync(ms);
      await settle();
      expect(sandbox).toMatchObject({ destroyed: 1 });
      expect(pool.kept).toBe(0);
    });

    it("keeps renewed ones beyond the number for a key, and does not watch them", async () => {
      openFor();
      const same = [await lease("a"), await lease("a"), await lease("a")] as ScriptedSandbox[];
      for (const sandbox of same) pool.keep(sandbox, "a", true);
      expect(pool.kept).toBe(3);
    });

    it("ends one that goes round for another tenant, whoever of its own waits", async () => {
      open({ min: 0, max: 2 });
      const claim = { key: "a", goesRound: true };
      const first = (await lease("a")) as ScriptedSandbox;
      const second = (await lease("a")) as ScriptedSandbox;
      const own = [1, 2, 3].map(() => pool.acquire(small, never, claim));
      const other = pool.acquire(small, never, { tenant: "one" });
      pool.keep(first, "a", true);
      await settle();
      expect(first.destroyed).toBe(1);
      expect([first.id, second.id]).not.toContain((await other).id);
      pool.keep(second, "a", true);
      expect((await own[0])?.id).toBe(second.id);
      expect(second.destroyed).toBe(0);
      for (const waiter of own.slice(1)) waiter.catch(() => {});
    });

    it("starts none for those whom the ones in use serve sooner", async () => {
      open({ min: 1, max: 4 });
      await settle();
      const claim = { tenant: "t", key: "a", goesRound: true };
      const first = await pool.acquire(small, never, claim);
      await vi.advanceTimersByTimeAsync(100);
      await settle();
      const started = launcher.sandboxes.length;
      const all = [1, 2, 3].map(() => pool.acquire(small, never, claim));
      pool.keep(first, "a", true);
      for (const each of all) pool.keep(await each, "a", true);
      await settle();
      expect(launcher.sandboxes.length - started).toBeLessThanOrEqual(1);
    });

    it("drops them after a number of uses", async () => {
      openFor();
      const sandbox = await lease("a");
      pool.keep(sandbox, "a");
      for (const kept of [1, 0]) {
        expect(await lease("a")).toBe(sandbox);
        pool.keep(sandbox, "a");
        expect(pool.kept).toBe(kept);
      }
      expect(sandbox).toMatchObject({ destroyed: 1 });
    });

    it("drops what ends or does not answer its health check while it is idle", async () => {
      openFor({ idle: 60_000 }, { healthInterval: 500 });
      const [ended, sick] = [await lease("a"), await lease("a")] as ScriptedSandbox[];
      if (ended === undefined || sick === undefined) throw new Error("No sandbox");
      for (const sandbox of [ended, sick]) pool.keep(sandbox, "a");
      ended.close();
      await settle();
      expect([ended.destroyed, pool.kept, errors.length]).toEqual([1, 1, 0]);
      sick.answersPing = false;
      await vi.advanceTimersByTimeAsync(600);
      await settle();
      expect([sick.destroyed, pool.kept]).toEqual([1, 0]);
    });

    it("lets the least recently used go when somebody waits for its room", async () => {
      openFor({}, { min: 0, max: 2 });
      const [a, b] = [await lease("a"), await lease("b")];
      pool.keep(a, "a");
      pool.keep(b, "b");
      const waiting = lease();
      await settle();
      expect([a, b]).toMatchObject([{ destroyed: 1 }, { destroyed: 0 }]);
      await expect(waiting).resolves.toBeDefined();
      expect(launcher.alive).toHaveLength(2);
    });

    it("hands one over to who has waited longest, if that is for its key", async () => {
      openFor({}, { min: 0, max: 1 });
      const first = await lease("a");
      const same = lease("a");
      await vi.advanceTimersByTimeAsync(10);
      const other = lease("b");
      pool.keep(first, "a");
      expect(await same).toBe(first);
      await vi.advanceTimersByTimeAsync(10);
      void lease("a").catch(() => {});
      pool.keep(first, "a");
      await settle();
      expect((await other).id).not.toBe(first.id);
      expect(first).toMatchObject({ destroyed: 1 });
    });

    it("ends them when it halts or closes", async () => {
      openFor();
      const [idle, late] = [await lease("a"), await lease("a")];
      pool.keep(idle, "a");
      pool.halt(new EngineUnavailable("away"));
      pool.keep(late, "a");
      await settle();
      expect([idle, late]).toMatchObject([{ destroyed: 1 }, { destroyed: 1 }]);
      expect(pool).toMatchObject({ kept: 0, leased: 0 });
    });
  });
});
