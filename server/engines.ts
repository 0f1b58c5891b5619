import { join } from "node:path";
import { dockerClient, engineSocket } from "../src/engines/container/docker.ts";
import { ContainerEngine } from "../src/engines/container/engine.ts";
import type { Engine } from "../src/engines/engine.ts";
import type { Instance } from "../src/engines/instance.ts";
import type { PoolOptions } from "../src/engines/pool.ts";
import { PooledEngine } from "../src/engines/pooled.ts";
import { ProcessLauncher } from "../src/engines/process.ts";
import { bundleRunner, writeRunner } from "../src/engines/runner.ts";
import type { Settings } from "./settings.ts";

const START_CONCURRENCY = 3;
const MAX_WAITING = 256;
const HEALTH_INTERVAL = 30_000;

/** Builds an engine for each level the settings allow for; they fill their pools at once. */
export async function createEngines(
  { config, docker, runtime }: Settings,
  instance: Instance,
  log: (line: string) => void,
): Promise<Engine[]> {
  // First what can be refused, while there is nothing yet to undo.
  const client = docker && dockerClient(engineSocket(docker.host));
  const bundle = await bundleRunner();
  const runnerDirectory = join(instance.directory, "runner");
  await writeRunner(bundle, runnerDirectory);
  const pool: PoolOptions = {
    ...config.cluster,
    profile: { memory: config.memory, cpus: config.cpus },
    startConcurrency: START_CONCURRENCY,
    maxWaiting: MAX_WAITING,
    healthInterval: HEALTH_INTERVAL,
    onError: (error) => log(error instanceof Error ? error.message : String(error)),
  };
  const launcher = new ProcessLauncher({ instanceDirectory: instance.directory, runnerDirectory });
  if (client === null) return [new PooledEngine(launcher, pool)];
  const isolated = new PooledEngine(launcher, { ...pool, min: Math.min(1, pool.min) });
  return [isolated, new ContainerEngine({ docker: client, instance, bundle, runtime, pool, log })];
}
