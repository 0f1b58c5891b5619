import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { PooledEngine } from "../../src/engines/pooled.ts";
import { ProcessLauncher } from "../../src/engines/process.ts";
import { bundleRunner, writeRunner } from "../../src/engines/runner.ts";
import { CONTRACT_POOL, engineContract } from "../contract/engine-contract.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  await writeRunner(await bundleRunner(), join(directory, "runner"));
});
afterAll(() => rm(directory, { recursive: true }));

engineContract("process", async () => {
  const launcher = new ProcessLauncher({
    instanceDirectory: directory,
    runnerDirectory: join(directory, "runner"),
  });
  return new PooledEngine(launcher, { ...CONTRACT_POOL, onError: console.error });
});
