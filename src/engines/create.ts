import { join } from "node:path";
import type { Config } from "../config.ts";
import { dockerClient, engineSocket } from "./container/docker.ts";
import { ContainerEngine } from "./container/engine.ts";
import type { Engine } from "./engine.ts";
import type { Instance } from "./instance.ts";
import type { PoolOptions } from "./pool.ts";
import { PooledEngine } from "./pooled.ts";
import { ProcessLauncher } from "./process.ts";
import { bundleRunner, writeRunner } from "./runner.ts";

const START_CONCURRENCY = 3;
const MAX_WAITING = 256;
const HEALTH_INTERVAL = 30_000;

/** The engine containers are asked from. */
export interface ContainerHost {
  /** `DOCKER_HOST` as given; the usual sockets if absent. */
  readonly host?: string | undefined;
  /** OCI runtime of the sandboxes; the engine's default if absent. */
  readonly runtime?: string | undefined;
}

export interface EnginesOptions {
  readonly config: Config;
  readonly instance: Instance;
  /** `null` for no containers. */
  readonly containers: ContainerHost | null;
  /** One line about something an operator wants to know. */
  readonly log: (line: string) => void;
}

/**
 * Builds an engine for each level this host is to have. They keep nothing warm until told to.
 * Rejects with `EngineUnavailable` for an engine that can never be used from here.
 */
export async function createEngines(options: EnginesOptions): Promise<Engine[]> {
  const { config, instance, containers, log } = options;
  // First what can be refused, while there is nothing yet to undo.
  const docker = containers && dockerClient(engineSocket(containers.host));
  const bundle = await bundleRunner();
  const runnerDirectory = join(instance.directory, "runner");
  await writeRunner(bundle, runnerDirectory);
  const pool: PoolOptions = {
    ...config.cluster,
    prewarm: false,
    profile: { memory: config.memory, cpus: config.cpus },
    startConcurrency: START_CONCURRENCY,
    maxWaiting: MAX_WAITING,
    healthInterval: HEALTH_INTERVAL,
    onError: (error) => log(error instanceof Error ? error.message : String(error)),
  };
  const launcher = new ProcessLauncher({ instanceDirectory: instance.directory, runnerDirectory });
  if (docker === null) return [new PooledEngine(launcher, pool)];
  // Where there are containers, processes are the exception.
  const isolated = new PooledEngine(launcher, { ...pool, min: Math.min(1, pool.min) });
  const { runtime } = containers ?? {};
  return [isolated, new ContainerEngine({ docker, instance, bundle, runtime, pool, log })];
}
