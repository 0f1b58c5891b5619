/** Tests sandboxes that decline a job. A job that was not called may run elsewhere, once. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineUnavailable } from "../../../../../src/base/errors.ts";
import type { Ending } from "../../../../../src/engines/contract/contract.ts";
import { PooledEngine } from "../../../../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, job, PROFILE } from "../../../../contract/engine-contract.ts";
import { ScriptedLauncher } from "../../../../fakes/scripted-launcher.ts";

const OK: Ending = { type: "result", text: "1", dropped: 0, reusable: true };
const DECLINED: Ending = { type: "declined" };

let endings: Ending[];
let ran: string[];
let engine: PooledEngine;
beforeEach(() => {
  ran = [];
  const launcher = new ScriptedLauncher();
  const launch = launcher.launch.bind(launcher);
  launcher.launch = async (profile) => {
    const sandbox = await launch(profile);
    sandbox.run = async () => {
      ran.push(sandbox.id);
      return endings.shift() ?? { type: "closed" };
    };
    return sandbox;
  };
  engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
  engine.prewarm();
});
afterEach(() => engine.close());

function execute(...answers: Ending[]) {
  endings = answers;
  const reuse = { key: "a" };
  return engine.execute(job("code"), { profile: PROFILE, timeout: 5_000, reuse });
}

describe("a job with reuse", () => {
  it("runs in the sandbox that is kept, and in a new one if that declines", async () => {
    await execute(OK);
    await execute(OK);
    expect(new Set(ran).size).toBe(1);
    expect(await execute(DECLINED, OK)).toMatchObject({ status: "ok", result: 1 });
    expect(new Set(ran).size).toBe(2);
    await execute(OK);
    expect(ran.at(-1)).toBe(ran.at(-2));
  });

  it("is tried twice and no more", async () => {
    await expect(execute(DECLINED, DECLINED, OK)).rejects.toBeInstanceOf(EngineUnavailable);
    expect(ran).toHaveLength(2);
  });

  it("is not run again where it may have been called", async () => {
    await execute(OK);
    expect(await execute({ type: "closed" }, OK)).toMatchObject({ status: "crash" });
    expect(ran).toHaveLength(2);
  });

  it("is not kept after a result that cannot be read", async () => {
    expect(await execute({ ...OK, text: "{" })).toMatchObject({ status: "error" });
    await execute(OK);
    expect(new Set(ran).size).toBe(2);
  });
});

it("a job without reuse is a crash if it is declined", async () => {
  endings = [DECLINED, OK];
  const outcome = await engine.execute(job("code"), { profile: PROFILE, timeout: 5_000 });
  expect(outcome).toMatchObject({ status: "crash" });
  expect(ran).toHaveLength(1);
});
