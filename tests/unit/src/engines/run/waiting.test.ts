/** Tests how long an execution waits for an engine that is away. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { EngineUnavailable, HostBusy } from "../../../../../src/base/errors.ts";
import { PooledEngine } from "../../../../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, job, PROFILE } from "../../../../contract/engine-contract.ts";
import { ScriptedLauncher } from "../../../../fakes/scripted-launcher.ts";

const AWAY = new EngineUnavailable("The engine is away", { retryAfter: 2 });

let launcher: ScriptedLauncher;
let engine: PooledEngine;
beforeEach(() => {
  launcher = new ScriptedLauncher();
  engine = new PooledEngine(launcher, { ...CONTRACT_POOL, queueTimeout: 100, onError: () => {} });
});
afterEach(() => {
  launcher.automatic = true;
  for (const { finish } of launcher.pending.splice(0)) finish();
  return engine.close();
});

const execute = (queueTimeout?: number) =>
  engine.execute(job("code"), { profile: PROFILE, timeout: 20, queueTimeout });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("waits until it is back, and then runs for all of its timeout", async () => {
  engine.pool.halt(AWAY);
  const execution = execute(20_000);
  await pause(60);
  engine.pool.resume();
  const { status, usage } = await execution;
  expect(status).toBe("ok");
  expect(usage?.queued).toBeGreaterThanOrEqual(59);
});

it("tells why it is away once the time is up, and later at once", async () => {
  engine.pool.halt(AWAY);
  const asked = performance.now();
  await expect(execute()).rejects.toBe(AWAY);
  expect(performance.now() - asked).toBeGreaterThanOrEqual(90);
  expect(engine.status().waiting).toBe(0);
  // Timers may be a millisecond early.
  await pause(10);
  const late = execute();
  // It has not come to the queue.
  expect(engine.status().waiting).toBe(0);
  await expect(late).rejects.toBe(AWAY);
});

it("does not wait, nor those who wait already, where that is in vain", async () => {
  engine.pool.halt(AWAY);
  const before = execute(20_000);
  const broken = new EngineUnavailable("The engine filters nothing");
  engine.pool.halt(broken, true);
  await expect(before).rejects.toBe(broken);
  await expect(execute(20_000)).rejects.toBe(broken);
});

it("takes what is warm and nothing else with a queueTimeout of 0", async () => {
  launcher.automatic = false;
  await expect(execute(0)).rejects.toBeInstanceOf(HostBusy);
  launcher.pending.shift()?.finish();
  await pause(20);
  expect(await execute(0)).toMatchObject({ status: "ok" });
});
