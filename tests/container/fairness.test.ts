/** Tests a tenant with few requests beside one that floods, in real containers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { CONTRACT_POOL, job, PROFILE, until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";
import { SOAK } from "../helpers/soak.ts";

const NOISY_CLIENTS = 20;
const SAMPLES = SOAK ? 7 : 3;
const MAX = 8;
/** Executions of the noisy tenant between two requests, so that the quiet one needs less than its share. */
const GAP = 4;
const POOL = { ...CONTRACT_POOL, startConcurrency: 3, min: 2, max: MAX, maxWaiting: 64 };
/** Code that logs as soon as it has a sandbox. */
const CODE = "console.log('begun'); export default () => 1";

it("is given a sandbox before those who were there first, beside 20 clients of another tenant", async () => {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const instance = await Instance.create(directory);
  const supervisor = new DockerSupervisor({
    docker,
    runtime,
    instance,
    bundle: await readRunner(),
    pool: { ...POOL, onError: console.error },
    log: () => {},
  });
  const { engine } = supervisor;
  engine.prewarm();
  let begun = 0;
  /** Counts the executions that began after this one was requested and before it began itself. */
  const run = async (tenant: string): Promise<number> => {
    const asked = begun;
    let overtaken = -1;
    const onLog = (): void => {
      overtaken = begun - asked;
      begun += 1;
    };
    const patience = { timeout: 120_000, queueTimeout: 120_000 };
    const options = { profile: PROFILE, ...patience, tenant, observer: { onLog } };
    expect(await engine.execute(job(CODE), options)).toMatchObject({ status: "ok", result: 1 });
    return overtaken;
  };
  try {
    await supervisor.prepared();
    let over = false;
    const noisy: number[] = [];
    const flood = Array.from({ length: NOISY_CLIENTS }, async () => {
      while (!over) noisy.push(await run("noisy"));
    });
    const quiet: number[] = [];
    try {
      await until(() => noisy.length > MAX);
      while (quiet.length < SAMPLES) {
        const seen = noisy.length;
        await until(() => noisy.length >= seen + GAP);
        quiet.push(await run("quiet"));
      }
    } finally {
      over = true;
      await Promise.all(flood);
    }
    const usual = noisy.sort((one, other) => one - other)[Math.floor(noisy.length / 2)];
    expect(usual).toBeGreaterThan(NOISY_CLIENTS / 2);
    // Executions that have a sandbox already may log later.
    expect(Math.max(...quiet)).toBeLessThanOrEqual(POOL.startConcurrency);
  } finally {
    await engine.close();
    await instance.close();
    await rm(directory, { recursive: true });
  }
}, 180_000);
