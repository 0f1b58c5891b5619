/** Tests how a pool serves several tenants. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HostBusy, TenantBusy } from "../../../../../src/base/errors.ts";
import type { Sandbox } from "../../../../../src/engines/contract/contract.ts";
import { Pool } from "../../../../../src/engines/pool/pool.ts";
import type { PoolOptions } from "../../../../../src/engines/pool/pool-options.ts";
import { ScriptedLauncher, type ScriptedSandbox } from "../../../../fakes/scripted-launcher.ts";

const small = { memory: 128, cpus: 1 };
const large = { memory: 512, cpus: 1 };
const never = new AbortController().signal;

let launcher: ScriptedLauncher;
let pool: Pool;

function open(options: Partial<PoolOptions> = {}): void {
  pool = new Pool(launcher, {
    profile: small,
    min: 1,
    max: 4,
    idle: 60_000,
    startConcurrency: 1,
    maxWaiting: 10,
    healthInterval: 60_000,
    onError: () => {},
    ...options,
  });
  pool.prewarm();
}

/** Runs everything that is ready, without moving the clock. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Ends one start, and runs what follows from it. */
async function finishStart(): Promise<void> {
  launcher.pending.shift()?.finish();
  await settle();
}

const lease = (tenant: string, profile = small, key?: string): Promise<Sandbox> =>
  pool.acquire(profile, never, { tenant, key });

/** Records who is served, in order, and the error's name of refused ones. */
function line(): { served: string[]; join: (who: string, profile?: typeof small) => void } {
  const served: string[] = [];
  const join = (who: string, profile = small): void => {
    lease(who.replace(/\d+$/, ""), profile).then(
      () => served.push(who),
      (error: Error) => served.push(`${who}: ${error.name}`),
    );
  };
  return { served, join };
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  launcher = new ScriptedLauncher();
});
afterEach(async () => {
  launcher.automatic = true;
  launcher.pending.splice(0).map(({ finish }) => finish());
  await pool.close();
  vi.useRealTimers();
});

describe("whose turn it is", () => {
  it("is the tenant's with the fewest sandboxes, and of those who came first", async () => {
    launcher.automatic = false;
    open({ min: 0 });
    const { served, join } = line();
    for (const who of ["a1", "a2", "a3", "b1", "c1"]) join(who);
    for (let round = 0; round < 4; round += 1) await finishStart();
    expect(served).toEqual(["a1", "b1", "c1", "a2"]);
  });

  it("comes round to each tenant, where a flood has none at the moment", async () => {
    launcher.automatic = false;
    open({ min: 0, max: 1 });
    const order: string[] = [];
    const run = async (who: string): Promise<void> => {
      const sandbox = await lease(who);
      order.push(who);
      await pool.discard(sandbox);
    };
    const all = ["a", "a", "a", "a"].map(run);
    await finishStart();
    await finishStart();
    all.push(run("b"), run("b"));
    for (let round = 0; round < 4; round += 1) await finishStart();
    await Promise.all(all);
    expect(order).toEqual(["a", "a", "b", "a", "b", "a"]);
  });
});

describe("what is started next", () => {
  it("is for the starved whom nothing under way will serve", async () => {
    open({ min: 0, max: 8, startConcurrency: 2 });
    for (const tenant of ["a", "b", "c", "a"]) await pool.discard(await lease(tenant));
    await settle();
    launcher.automatic = false;
    const { served, join } = line();
    for (const who of ["a1", "a2", "a3", "b", "c"]) join(who);
    join("d", large);
    for (let round = 0; round < 3; round += 1) await finishStart();
    expect(served).toEqual(["b", "c", "d"]);
  });
});

describe("the last warm sandbox", () => {
  /** Makes both tenants known, and starts all warm sandboxes. */
  async function openForTwo(options: Partial<PoolOptions> = {}): Promise<void> {
    open(options);
    for (const tenant of ["b", "a", "a", "a"]) await pool.discard(await lease(tenant));
    await settle();
  }

  it("is set aside for who has none, on top of the minimum", async () => {
    await openForTwo({ idle: 1_000 });
    await vi.advanceTimersByTimeAsync(3_000);
    await settle();
    expect(pool.warm).toBe(2);
    launcher.automatic = false;
    await lease("a");
    const { served, join } = line();
    join("a2");
    await settle();
    expect(served).toEqual([]);
    expect(pool.warm).toBe(1);
    join("b");
    await settle();
    expect(served).toEqual(["b"]);
    // The next start takes the place of the sandbox that was set aside.
    await finishStart();
    expect(served).toEqual(["b"]);
    await finishStart();
    expect(served).toEqual(["b", "a2"]);
  });

  it("is kept from a flood whose executions are over as soon as they begin", async () => {
    await openForTwo();
    launcher.automatic = false;
    await pool.discard(await lease("a"));
    const { served, join } = line();
    join("a2");
    await settle();
    expect([served, pool.warm]).toEqual([[], 1]);
    join("b");
    await settle();
    expect(served).toEqual(["b"]);
  });

  it("is anybody's where there is one tenant", async () => {
    open({ min: 2 });
    for (let round = 0; round < 5; round += 1) await pool.discard(await lease("a"));
    await settle();
    expect(pool.warm).toBe(2);
    launcher.automatic = false;
    await Promise.all([lease("a"), lease("a")]);
    expect(pool.warm).toBe(0);
  });

  it("is anybody's again once the others were not heard of for long", async () => {
    await openForTwo({ healthInterval: 1_000 });
    await vi.advanceTimersByTimeAsync(601_000);
    await settle();
    launcher.automatic = false;
    while (pool.warm > 0) await lease("a");
    expect(pool.leased).toBe(1);
  });

  it("goes to a greedy tenant that has none if no other can be started", async () => {
    await openForTwo({ min: 1, max: 1 });
    expect(pool.warm).toBe(1);
    await expect(lease("a")).resolves.toBeDefined();
  });

  it("goes to a greedy tenant that has none while starts fail", async () => {
    await openForTwo();
    launcher.automatic = false;
    await pool.discard(await lease("a"));
    const { served, join } = line();
    join("a2");
    await settle();
    launcher.pending.shift()?.fail(new Error("no disk"));
    await settle();
    expect(served).toEqual(["a2"]);
  });

  it("is replaced before those who have one are served at another profile", async () => {
    await openForTwo({ max: 8 });
    launcher.automatic = false;
    await Promise.all([lease("a"), lease("b")]);
    const { served, join } = line();
    join("a2", large);
    join("a3", large);
    await finishStart();
    await finishStart();
    expect(launcher.alive.slice(-2).map(({ profile }) => profile)).toEqual([small, large]);
    expect(served).toEqual(["a2"]);
    expect(pool.warm).toBe(1);
  });

  it("makes room at another profile for who has none, and for nobody else", async () => {
    await openForTwo({ max: 2 });
    launcher.automatic = false;
    const first = await lease("a");
    const { served, join } = line();
    join("a2", large);
    await settle();
    expect(pool.warm).toBe(1);
    join("b", large);
    await settle();
    expect(pool.warm).toBe(0);
    await finishStart();
    expect(served).toEqual(["b"]);
    await pool.discard(first);
  });
});

describe("a full queue", () => {
  it("has the last to come of the longest line leave for a tenant with a shorter one", async () => {
    launcher.automatic = false;
    open({ min: 0, maxWaiting: 4 });
    const { served, join } = line();
    for (const who of ["a1", "a2", "a3", "a4", "b1", "b2", "b3"]) join(who);
    await settle();
    expect(served).toEqual(["a4: TenantBusy", "a3: TenantBusy", "b3: TenantBusy"]);
    await expect(lease("a")).rejects.toMatchObject({ status: 429, retryAfter: 1 });
  });

  it("is the host's fault for who has nobody in it, or who is alone", async () => {
    launcher.automatic = false;
    open({ min: 0, maxWaiting: 2 });
    const { served, join } = line();
    for (const who of ["a1", "a2", "a3"]) join(who);
    await settle();
    expect(served).toEqual(["a3: HostBusy"]);
    join("b1");
    await settle();
    await expect(lease("c")).rejects.toBeInstanceOf(HostBusy);
    await expect(lease("b")).rejects.toBeInstanceOf(TenantBusy);
  });

  it("is the host's fault again once the others were not heard of for long", async () => {
    open({ min: 0, max: 1, maxWaiting: 1, healthInterval: 1_000 });
    await pool.discard(await lease("b"));
    await lease("a");
    lease("a").catch(() => {});
    await expect(lease("a")).rejects.toBeInstanceOf(TenantBusy);
    await vi.advanceTimersByTimeAsync(602_000);
    await expect(lease("a")).rejects.toBeInstanceOf(HostBusy);
  });
});

describe("sandboxes that are kept", () => {
  const reuse = { perKey: 2, total: 3, idle: 60_000, age: 600_000, uses: 100 };

  /** Makes a tenant leave a sandbox that is kept for its key. */
  async function leave(tenant: string, key: string): Promise<ScriptedSandbox> {
    const sandbox = (await lease(tenant, small, key)) as ScriptedSandbox;
    pool.keep(sandbox, key);
    await settle();
    return sandbox;
  }

  it("make place for the next one of the tenant that has the most", async () => {
    open({ max: 8, reuse });
    const b = await leave("b", "b1");
    for (let each = 0; each < 6; each += 1) await leave("a", `a${each}`);
    expect([pool.kept, b.destroyed]).toEqual([3, 0]);
    await leave("c", "c1");
    expect([pool.kept, b.destroyed]).toEqual([3, 0]);
    expect(await lease("b", small, "b1")).toBe(b);
  });

  it("make room for a tenant that has less, and not for one that has more", async () => {
    open({ min: 0, max: 3, reuse });
    const b = await leave("b", "b1");
    const a = [await lease("a"), await lease("a")];
    const { served, join } = line();
    join("a3");
    await settle();
    expect([served, b.destroyed]).toEqual([[], 0]);
    join("c1");
    await settle();
    expect([served, b.destroyed]).toEqual([["c1"], 1]);
    await pool.discard(a[0] as Sandbox);
    await settle();
    expect(served).toEqual(["c1", "a3"]);
  });

  it("go to who waits for their key if whose turn it is has room without", async () => {
    open({ min: 0, reuse });
    const sandbox = await lease("a", small, "k");
    launcher.automatic = false;
    const { served, join } = line();
    join("b");
    const again = lease("a", small, "k");
    pool.keep(sandbox, "k");
    expect(await again).toBe(sandbox);
    await finishStart();
    expect(served).toEqual(["b"]);
  });
});
