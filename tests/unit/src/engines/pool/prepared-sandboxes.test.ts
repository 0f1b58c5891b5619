/** Tests how a pool prepares sandboxes for the grants that tenants were given lately. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Profile } from "../../../../../src/engines/contract/contract.ts";
import { Pool } from "../../../../../src/engines/pool/pool.ts";
import type { PoolOptions } from "../../../../../src/engines/pool/pool-options.ts";
import type { WorkerGrant } from "../../../../../src/protocol/grants.ts";
import { ScriptedLauncher, type ScriptedSandbox } from "../../../../fakes/scripted-launcher.ts";

const small = { memory: 128, cpus: 1 };
const networked = { ...small, network: true };
const never = new AbortController().signal;
const TEN_MINUTES = 600_000;

let launcher: ScriptedLauncher;
let pool: Pool;

function open(options: Partial<PoolOptions> = {}): void {
  pool = new Pool(launcher, {
    profile: small,
    min: 1,
    max: 8,
    idle: 1_000,
    startConcurrency: 3,
    maxWaiting: 10,
    prepared: 4,
    healthInterval: 60_000,
    onError: () => {},
    ...options,
  });
  pool.prewarm();
}

function host(name: string): WorkerGrant {
  const none = { read: false, write: false, sys: false, run: false, ffi: false, import: false };
  return { env: false, net: [name], ...none } as WorkerGrant;
}

/** Runs everything that is ready, without moving the clock. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Runs a job in the sandbox that the pool leases. Returns the hosts that it was prepared for. */
async function run(
  worker?: WorkerGrant,
  tenant?: string,
  profile: Profile = small,
): Promise<unknown> {
  const leased = (await pool.acquire(profile, never, { tenant, worker })) as ScriptedSandbox;
  expect(leased.profile).toEqual(profile);
  await pool.discard(leased);
  await settle();
  return leased.worker?.net;
}

/** Runs two jobs one after the other: the second shows that the grant is given again. */
async function twice(worker: WorkerGrant, tenant?: string, profile?: Profile): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await run(worker, tenant, profile);
}

/** Lists the hosts that idle sandboxes are prepared for. */
function prepared(): unknown[] {
  const nets = launcher.alive.map(({ worker }) => worker?.net);
  return nets.flatMap((net) => (Array.isArray(net) ? net : [])).sort();
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
  expect(launcher.alive).toEqual([]);
  vi.useRealTimers();
});

describe("a prepared sandbox", () => {
  it("serves the second request with the same grant, and each one after that", async () => {
    open();
    await settle();
    expect(await run(host("a"))).toBeUndefined();
    for (let turn = 0; turn < 5; turn += 1) expect(await run(host("a"))).toEqual(["a"]);
  });

  it("stays while another grant takes turns with its own", async () => {
    open();
    await settle();
    await twice(host("a"));
    await twice(host("b"));
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await run(host("a"))).toEqual(["a"]);
      expect(await run()).toBeUndefined();
      expect(await run(host("b"))).toEqual(["b"]);
    }
  });

  it("serves no other grant, no narrower one, no other profile and no other tenant", async () => {
    open();
    await settle();
    await twice({ ...host("a"), net: ["a", "b"] }, "one");
    expect(prepared()).toEqual(["a", "b"]);
    expect(await run(host("a"), "one")).toBeUndefined();
    expect(await run(undefined, "one")).toBeUndefined();
    expect(await run({ ...host("a"), net: ["a", "b"] }, "two")).toBeUndefined();
    expect(await run({ ...host("a"), net: ["a", "b"] }, "one", networked)).toBeUndefined();
    expect(await run({ ...host("a"), net: ["a", "b"] }, "one")).toEqual(["a", "b"]);
  });

  it("outlives the idle time of its profile, and ends ten minutes after the grant's use", async () => {
    open();
    await twice(host("a"), undefined, networked);
    await vi.advanceTimersByTimeAsync(TEN_MINUTES - 2_000);
    await settle();
    expect(launcher.alive.map(({ worker, profile }) => [worker?.net, profile])).toEqual(
      expect.arrayContaining([
        [undefined, small],
        [["a"], networked],
      ]),
    );
    expect(launcher.alive).toHaveLength(2);
    expect(await run(host("a"), undefined, networked)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(TEN_MINUTES - 2_000);
    await settle();
    expect(prepared()).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(4_000);
    await settle();
    expect(prepared()).toEqual([]);
    expect(pool.warm).toBe(1);
  });

  it("is one of a fixed number, however many grants a tenant has", async () => {
    open();
    await twice(host("quiet"), "one");
    for (let at = 0; at < 30; at += 1) {
      await twice(host(`h${at}`), "other");
      expect(prepared().length).toBeLessThanOrEqual(4);
    }
    expect(prepared()).toEqual(["h27", "h28", "h29", "quiet"]);
    expect(await run(host("quiet"), "one")).toEqual(["quiet"]);
  });

  it("has a second one beside it while few grants are in use", async () => {
    open({ min: 2 });
    await twice(host("a"));
    expect(prepared()).toEqual(["a", "a"]);
    for (const name of ["b", "c"]) await twice(host(name));
    expect(prepared()).toEqual(["a", "b", "c"]);
  });

  it("gives way to a request that waits for its room", async () => {
    open({ max: 3 });
    await settle();
    await twice(host("a"));
    await twice(host("b"));
    expect([prepared(), pool.warm]).toEqual([["a", "b"], 3]);
    const leased = await Promise.all([1, 2, 3].map(() => pool.acquire(small, never)));
    expect(prepared()).toEqual([]);
    for (const sandbox of leased) await pool.discard(sandbox);
    await settle();
    expect(prepared()).toEqual(["a", "b"]);
  });

  it("gives way to the last sandbox that anybody can use", async () => {
    open({ min: 1, max: 2 });
    await settle();
    await twice(host("a"));
    expect([prepared(), pool.warm]).toEqual([["a"], 2]);
    const long = await pool.acquire(small, never);
    await vi.advanceTimersByTimeAsync(60);
    await settle();
    expect([prepared(), pool.warm]).toEqual([[], 1]);
    await pool.discard(long);
    await settle();
    expect([prepared(), pool.warm]).toEqual([["a"], 2]);
  });

  it("serves a request that waits already", async () => {
    launcher.automatic = false;
    open({ min: 0, max: 2 });
    const first = pool.acquire(small, never, { worker: host("a") });
    await settle();
    launcher.pending.shift()?.finish();
    await settle();
    await pool.discard(await first);
    await settle();
    // The start of a prepared one, then the start of one for the request.
    expect(launcher.pending).toHaveLength(1);
    const second = pool.acquire(small, never, { worker: host("a") });
    await settle();
    expect(launcher.pending).toHaveLength(2);
    launcher.pending.shift()?.finish();
    await settle();
    expect(((await second) as ScriptedSandbox).worker).toEqual(host("a"));
    await pool.discard(await second);
  });

  it("is started alone, so that requests that come meanwhile have the other starts", async () => {
    open({ min: 0 });
    launcher.automatic = false;
    for (const name of ["a", "b", "c"]) {
      const leased = pool.acquire(small, never, { tenant: `of ${name}`, worker: host(name) });
      launcher.pending.pop()?.finish();
      await settle();
      await pool.discard(await leased);
    }
    await settle();
    expect(launcher.pending).toHaveLength(1);
    for (const left of [2, 1, 0]) {
      launcher.pending.shift()?.finish();
      await settle();
      expect(launcher.pending).toHaveLength(Math.min(left, 1));
    }
    expect(prepared()).toEqual(["a", "b", "c"]);
  });

  it("that cannot be made is tried again only when its grant is used again", async () => {
    launcher.automatic = false;
    open({ min: 1, max: 3 });
    await settle();
    launcher.pending.shift()?.finish();
    await settle();
    const first = await pool.acquire(small, never, { worker: host("a") });
    await pool.discard(first);
    await settle();
    launcher.pending.shift()?.finish();
    launcher.pending.shift()?.fail(new Error("no worker"));
    await settle();
    await vi.advanceTimersByTimeAsync(10_000);
    await settle();
    expect(launcher.pending).toHaveLength(0);
    const second = await pool.acquire(small, never, { worker: host("a") });
    await pool.discard(second);
    await settle();
    expect(launcher.pending).toHaveLength(2);
  });

  it("is replaced if it ends while it is idle, once its grant is used again", async () => {
    open();
    await settle();
    await twice(host("a"));
    launcher.alive.find(({ worker }) => worker !== undefined)?.close();
    await settle();
    expect(prepared()).toEqual([]);
    expect(await run(host("a"))).toBeUndefined();
    expect(await run(host("a"))).toEqual(["a"]);
  });

  it("does not exist where nothing is kept warm, or none is wanted, or its grant is huge", async () => {
    open({ prepared: 0 });
    await twice(host("a"));
    expect(prepared()).toEqual([]);
    await pool.close();
    open({ min: 8, max: 8 });
    await twice(host("a"));
    expect(prepared()).toEqual([]);
    await pool.close();
    open();
    await twice(host("a".repeat(70_000)));
    expect(prepared()).toEqual([]);
  });

  it("is started for one grant of a tenant at a time, of those that are given once", async () => {
    open();
    for (let at = 0; at < 20; at += 1) {
      await run(host(`h${at}`));
      expect(prepared()).toHaveLength(1);
    }
    const started = launcher.sandboxes.filter(({ worker }) => worker !== undefined);
    expect(started.length).toBeLessThanOrEqual(5);
  });

  it("follows for the tenant's next grant, once the first one is given again", async () => {
    open();
    await run(host("a"));
    await run(host("b"));
    expect(prepared()).toEqual(["a"]);
    expect(await run(host("a"))).toEqual(["a"]);
    expect(prepared()).toEqual(["a", "b"]);
    expect(await run(host("b"))).toEqual(["b"]);
  });

  it("is there for a tenant whose neighbour has new grants without end", async () => {
    const launch = launcher.launch.bind(launcher);
    launcher.launch = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return launch(...given);
    };
    open({ min: 2, max: 8 });
    const hits: boolean[] = [];
    const use = async (name: string, tenant: string): Promise<void> => {
      const leased = (await pool.acquire(small, never, {
        tenant,
        worker: host(name),
      })) as ScriptedSandbox;
      if (tenant === "quiet") hits.push(leased.worker !== undefined);
      await pool.discard(leased);
    };
    const running: Promise<void>[] = [];
    for (let at = 0; at < 120; at += 1) {
      // Each grant of the neighbour is given twice, so that it counts.
      if (at % 2 === 0) running.push(use(`h${Math.floor(at / 4)}`, "neighbour"));
      if (at % 14 === 0) running.push(use("own", "quiet"));
      await vi.advanceTimersByTimeAsync(50);
      await settle();
    }
    await Promise.all(running);
    expect(hits).toEqual([false, false, ...hits.slice(2).map(() => true)]);
    await vi.advanceTimersByTimeAsync(1_000);
  });
});
