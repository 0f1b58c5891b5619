/** Tests a tenant with few requests beside one that floods, in real containers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { ContainerEngine } from "../../src/engines/container/docker-supervisor.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { CONTRACT_POOL, job, PROFILE, until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

const NOISY_CLIENTS = 20;
const SAMPLES = 7;
/** Pause between requests, so that the tenant needs less than its share of two busy cores. */
const GAP = 600;
/** Code that waits, so that the sharing of processors does not matter. */
const WAITING = "export default () => new Promise((resolve) => setTimeout(resolve, 100, 1))";
const QUICK = "export default () => 1";

it("does not take twice as long beside 20 clients of another tenant", { retry: 1 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const instance = await Instance.create(directory);
  const pool = { ...CONTRACT_POOL, startConcurrency: 3, min: 2, max: 8, maxWaiting: 64 };
  const engine = new ContainerEngine({
    docker,
    runtime,
    instance,
    bundle: await readRunner(),
    pool: { ...pool, onError: console.error },
    log: () => {},
  });
  const run = async (tenant: string, code: string): Promise<number> => {
    const started = performance.now();
    const outcome = await engine.execute(job(code), { profile: PROFILE, timeout: 30_000, tenant });
    expect(outcome).toMatchObject({ status: "ok", result: 1 });
    return performance.now() - started;
  };
  /** Measures the longest of the quiet tenant's requests, in place of the 99th percentile. */
  const longest = async (): Promise<number> => {
    let most = 0;
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      await sleep(GAP);
      most = Math.max(most, await run("quiet", WAITING));
    }
    return most;
  };
  try {
    await engine.prepared();
    await run("noisy", QUICK);
    await until(() => engine.status().warm === pool.min);
    const alone = await longest();
    let over = false;
    let served = 0;
    const flood = Array.from({ length: NOISY_CLIENTS }, async () => {
      for (; !over; served += 1) await run("noisy", QUICK);
    });
    try {
      await until(() => served > pool.max);
      expect(await longest()).toBeLessThan(2 * alone);
    } finally {
      over = true;
      await Promise.all(flood);
    }
  } finally {
    await engine.close();
    await instance.close();
    await rm(directory, { recursive: true });
  }
});
