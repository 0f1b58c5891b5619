import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Reach } from "../deno/deno.ts";
import { RUNNER_ENTRY, readRunner, writeRunner } from "../deno/runner.ts";
import { dockerClient, engineSocket } from "./container/docker.ts";
import { DockerSupervisor } from "./container/docker-supervisor.ts";
import { assertMounts } from "./container/mounts.ts";
import type { Engine } from "./contract/contract.ts";
import { DenoProcessLauncher } from "./deno-process/launcher.ts";
import type { Instance } from "./instance/instance.ts";
import type { PoolOptions } from "./pool/pool-options.ts";
import { PooledEngine } from "./run/pooled-engine.ts";

const START_CONCURRENCY = 3;
const MAX_WAITING = 256;
const MAX_REALMS = 1_000;
const HEALTH_INTERVAL = 30_000;

/** The engine containers are asked from. */
export interface ContainerHost {
  /** `DOCKER_HOST` as given; the usual sockets if absent. */
  readonly host?: string | undefined;
  /** OCI runtime of the sandboxes; the engine's default if absent. */
  readonly runtime?: string | undefined;
  /** Admin socket of an egress proxy that somebody else runs; if absent, one is started. */
  readonly egressSocket?: string | undefined;
}

export interface EnginesOptions {
  readonly config: Config;
  readonly instance: Instance;
  /** `null` for no containers. */
  readonly containers: ContainerHost | null;
  /** Whether code may run in this very process, at level `none`. Default false. */
  readonly inProcess?: boolean | undefined;
  /** One line about something an operator wants to know. */
  readonly log: (line: string) => void;
}

export interface Engines {
  /** One for each level this host is to have. They keep nothing warm until told to. */
  readonly engines: readonly Engine[];
  /** Resolves after the first attempt to reach and prepare Docker, if it is to be used, successful or not. */
  prepared(): Promise<void>;
}

/** Builds the engines. Rejects with `EngineUnavailable` for one that can never be used from here. */
export async function createEngines(options: EnginesOptions): Promise<Engines> {
  const { config, instance, containers, inProcess = false, log } = options;
  // First what can be refused, while there is nothing yet to undo.
  const docker = containers && dockerClient(engineSocket(containers.host));
  await assertMounts(config.mounts, docker);
  const bundle = await readRunner();
  const runnerDirectory = join(instance.directory, "runner");
  await instance.addPart(join(runnerDirectory, RUNNER_ENTRY), () =>
    writeRunner(bundle, runnerDirectory),
  );
  const pool: PoolOptions = {
    ...config.cluster,
    profile: { memory: config.memory, cpus: config.cpus },
    startConcurrency: START_CONCURRENCY,
    maxWaiting: MAX_WAITING,
    healthInterval: HEALTH_INTERVAL,
    onError: (error) => log(error instanceof Error ? error.message : String(error)),
  };
  // Where another level is the usual one, processes are the exception.
  const { sandbox = "container" } = config;
  const usual = docker === null && sandbox === "container" ? "isolated" : sandbox;
  const few = { container: 1, isolated: pool.min, none: 0 }[usual];
  const launcher = new DenoProcessLauncher({
    instanceDirectory: instance.directory,
    runnerDirectory,
    ensure: () => instance.ensure(),
    reach: processReach(config),
    log,
  });
  void launcher.missingWalls().then(
    (missing) => missing && log(`Level "isolated" is weaker on this host: ${missing}`),
    () => {},
  );
  const isolated = new PooledEngine(launcher, { ...pool, min: Math.min(few, pool.min) });
  // Their sockets and modules went with the directory.
  instance.onRestored.add(() => {
    launcher.renew();
    isolated.pool.renew();
  });
  const inline = inProcess ? [await inlineEngine(pool)] : [];
  if (docker === null) return { engines: [...inline, isolated], prepared: async () => {} };
  const { runtime, egressSocket } = containers ?? {};
  const supervisor = new DockerSupervisor({
    docker,
    instance,
    bundle,
    runtime,
    reach: containerReach(config),
    egress: config.egress,
    egressSocket,
    pool,
    log,
  });
  const engines = [...inline, isolated, supervisor.engine];
  return { engines, prepared: () => supervisor.prepared() };
}

/** A realm costs a millisecond and no process: as many as are asked for may be there at once. */
async function inlineEngine(pool: PoolOptions): Promise<Engine> {
  // Loads a compiler, which only hosts with this level need.
  const { InProcessLauncher } = await import("./in-process/launcher.ts");
  return new PooledEngine(await InProcessLauncher.create(), { ...pool, max: MAX_REALMS });
}

/** Where nothing but the Worker stands in between, a process holds what the operator named. */
function processReach(config: Config): Reach {
  const { isolatedNet = false, mounts } = config;
  const read = Object.keys(mounts).filter((path) => mounts[path] === path);
  return { env: variables(config), net: isolatedNet, read, write: [], sys: true };
}

/** In a container there is nothing but what a job is granted: hosts behind the proxy, mounts, /tmp. */
function containerReach(config: Config): Reach {
  const read = ["/tmp", ...Object.keys(config.mounts)];
  return { env: variables(config), net: true, read, write: ["/tmp"], sys: true };
}

/** A sandbox has no variables but those of its job, so that any name is that job's. */
function variables({ env, tenants }: Config): Reach["env"] {
  return tenants ? "any" : Object.keys(env);
}
