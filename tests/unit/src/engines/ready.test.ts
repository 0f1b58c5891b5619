import { afterEach, beforeEach, expect, it } from "vitest";
import { EngineUnavailable } from "../../../../src/base/errors.ts";
import type { HostFault } from "../../../../src/engines/explain/host-faults.ts";
import { whenReady } from "../../../../src/engines/ready.ts";
import { PooledEngine } from "../../../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, PROFILE } from "../../../contract/engine-contract.ts";
import { ScriptedLauncher } from "../../../fakes/scripted-launcher.ts";

const LONG = 20_000;

let launcher: ScriptedLauncher;
let engine: PooledEngine;
beforeEach(() => {
  launcher = new ScriptedLauncher();
  engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
});
afterEach(() => {
  launcher.automatic = true;
  for (const { finish } of launcher.pending.splice(0)) finish();
  return engine.close();
});

const cold = (timeout = LONG) => whenReady({ engine, profile: PROFILE, isWarm: false }, timeout);

it("waits for the first warm sandbox, and takes none", async () => {
  engine.prewarm();
  await whenReady({ engine, profile: PROFILE, isWarm: true }, LONG);
  expect(engine.status()).toMatchObject({ warm: 1, leased: 0 });
  expect(launcher.sandboxes).toHaveLength(1);
});

it("starts one and ends it where none is kept warm", async () => {
  await cold();
  expect(launcher.sandboxes).toMatchObject([{ destroyed: 1 }]);
  expect(engine.status()).toMatchObject({ warm: 0, leased: 0 });
});

it("waits for an engine that is away at first", async () => {
  engine.pool.halt(new EngineUnavailable("Away"), true);
  const ready = cold();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(launcher.sandboxes).toHaveLength(0);
  engine.pool.resume();
  await ready;
});

it("goes on after a start that fails, and tells of the last one when its time is up", async () => {
  launcher.automatic = false;
  const ready = cold(400);
  const failing = setInterval(() => launcher.pending.shift()?.fail(new Error("no disk")), 10);
  await expect(ready).rejects.toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    message: expect.stringMatching(
      /^Level "isolated" cannot run here\. No sandbox starts: no disk\. See /,
    ),
  });
  clearInterval(failing);
});

it("says that it took too long where nothing has failed", async () => {
  launcher.automatic = false;
  await expect(cold(50)).rejects.toThrow(
    'No sandbox has started, after 50 ms. Allow more by "ready"',
  );
});

it("does not wait for what does not pass", async () => {
  engine.pool.halt(new EngineUnavailable("Away"), true);
  const known: HostFault = { message: "It filters nothing", advice: "Mend it" };
  const onFault = new Set<(fault: HostFault, stays: boolean) => void>();
  const supervisor = { fault: undefined, onFault };
  const ready = whenReady({ engine, supervisor, profile: PROFILE, isWarm: false }, 3_600_000);
  for (const tell of onFault) tell(known, true);
  await expect(ready).rejects.toThrow("It filters nothing. Mend it");
  expect(onFault.size).toBe(0);
});

it("ends with its engine, because another level has failed", async () => {
  launcher.automatic = false;
  const ready = cold();
  const ended = expect(ready).rejects.toBeInstanceOf(EngineUnavailable);
  const closing = engine.close();
  for (const { finish } of launcher.pending.splice(0)) finish();
  await closing;
  await ended;
});
