import { availableParallelism } from "node:os";
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import type { OperatorLog } from "../base/operator-log.ts";
import { Reminders } from "../base/reminders.ts";
import type { SandboxLevel } from "../base/sandbox-level.ts";
import type { Config } from "../config/config.ts";
import type { Reach } from "../deno/deno.ts";
import { RUNNER_ENTRY, readRunner, writeRunner } from "../deno/runner.ts";
import { CodeCaches } from "./code-cache/code-caches.ts";
import { dockerClient, engineSocket } from "./container/docker.ts";
import { DockerSupervisor } from "./container/docker-supervisor.ts";
import { assertMounts } from "./container/mounts.ts";
import type { Engine } from "./contract/contract.ts";
import { DenoProcessLauncher } from "./deno-process/launcher.ts";
import type { Instance } from "./instance/instance.ts";
import type { PoolOptions } from "./pool/pool-options.ts";
import { whenReady } from "./ready.ts";
import { PooledEngine } from "./run/pooled-engine.ts";

const START_CONCURRENCY = 3;
const MAX_WAITING = 256;
const MAX_REALMS = 1_000;
/** Bounds of the pool without a cluster: no more starts at once than there are processors. */
const HOST_ALONE = {
  max: Number.POSITIVE_INFINITY,
  maxWaiting: Number.POSITIVE_INFINITY,
  startConcurrency: Math.max(START_CONCURRENCY, availableParallelism()),
};
const HEALTH_INTERVAL = 30_000;

/** The Docker Engine that runs containers. */
export interface ContainerHost {
  /** `DOCKER_HOST` as given. Default: the usual sockets. */
  readonly host?: string | undefined;
  /** OCI runtime of the sandboxes. Default: the engine's. */
  readonly runtime?: string | undefined;
  /** Admin socket of an egress proxy that the operator runs. Default: one is started. */
  readonly egressSocket?: string | undefined;
}

export interface EnginesOptions {
  readonly config: Config;
  readonly instance: Instance;
  /** Docker Engine for containers; `null` for no containers. */
  readonly containers: ContainerHost | null;
  /** Offers the level `none`, which runs code in this very process. Default false. */
  readonly inProcess?: boolean | undefined;
  /**
   * Lets the host alone bound the number of sandboxes, instead of `cluster.max`. None is kept warm.
   * Default false.
   */
  readonly hostAlone?: boolean | undefined;
  /** True if jobs may be granted secrets, whose names are not known ahead. Default false. */
  readonly secrets?: boolean | undefined;
  /** Receives lines for the operator, one at a time. */
  readonly log: OperatorLog;
}

export interface Engines {
  /** Engines, one for each level of this host. They keep nothing warm until `prewarm()`. */
  readonly engines: readonly Engine[];
  /**
   * Resolves after the first attempt to reach and prepare Docker, whether or not it succeeds.
   * Resolves at once without Docker.
   */
  prepared(): Promise<void>;
  /**
   * Resolves once these levels can run, as far as this host has them. Rejects after `timeout` ms at
   * the latest, with the reason why one cannot.
   */
  ready(levels: readonly SandboxLevel[], timeout: number): Promise<void>;
}

/**
 * Builds the engines.
 *
 * @throws {EngineUnavailable} for an engine that can never be used from here.
 */
export async function createEngines(options: EnginesOptions): Promise<Engines> {
  const { config, instance, containers, inProcess = false, hostAlone = false, log } = options;
  // Settings that may be refused come first, while there is nothing to undo.
  const socket = containers === null ? "" : engineSocket(containers.host);
  const docker = containers && dockerClient(socket);
  await assertMounts(config.mounts, docker);
  const bundle = await readRunner();
  const runnerDirectory = join(instance.directory, "runner");
  await instance.addPart(join(runnerDirectory, RUNNER_ENTRY), () =>
    writeRunner(bundle, runnerDirectory),
  );
  const reminders = new Reminders();
  const pool: PoolOptions = {
    ...config.cluster,
    profile: { memory: config.memory, cpus: config.cpus },
    startConcurrency: START_CONCURRENCY,
    maxWaiting: MAX_WAITING,
    ...(hostAlone && HOST_ALONE),
    queueTimeout: config.queueTimeout,
    healthInterval: HEALTH_INTERVAL,
    onError: (error) => {
      const message = messageOf(error);
      if (reminders.isDue(message)) log(message, "error");
    },
  };
  // If another level is the default, few processes are kept warm.
  const { sandbox = "container" } = config;
  const usual = docker === null && sandbox === "container" ? "isolated" : sandbox;
  const few = { container: 1, isolated: pool.min, none: 0 }[usual];
  const codeCaches = new CodeCaches({
    instanceDirectory: instance.directory,
    runnerDirectory,
    onError: (error) => log(`Sandboxes start without compiled code: ${messageOf(error)}`),
  });
  const launcher = new DenoProcessLauncher({
    instanceDirectory: instance.directory,
    runnerDirectory,
    codeCaches,
    ensure: () => instance.ensure(),
    reach: processReach(options),
    log,
  });
  void launcher.missingWalls().then(
    (missing) => missing && log(`Level "isolated" is weaker on this host: ${missing}`, "warn"),
    () => {},
  );
  const isolated = new PooledEngine(launcher, { ...pool, min: Math.min(few, pool.min) });
  // The sandboxes' sockets and modules were lost with the directory.
  instance.onRestored.add(() => {
    launcher.renew();
    isolated.pool.renew();
  });
  const inline = inProcess ? [await inlineEngine(pool)] : [];
  const ready =
    (engines: readonly PooledEngine[], supervisor?: DockerSupervisor): Engines["ready"] =>
    async (levels, timeout) => {
      const { profile } = pool;
      const awaited = engines.filter(({ level }) => levels.includes(level));
      const waits = awaited.map((engine) => {
        const isWarm = !hostAlone && Math.min(engine === isolated ? few : pool.min, pool.min) > 0;
        const docker = engine.level === "container" ? supervisor : undefined;
        return whenReady({ engine, supervisor: docker, profile, isWarm }, timeout);
      });
      await Promise.all(waits);
    };
  if (docker === null) {
    const engines = [...inline, isolated];
    return { engines, prepared: async () => {}, ready: ready(engines) };
  }
  const { runtime, egressSocket } = containers ?? {};
  const supervisor = new DockerSupervisor({
    docker,
    socket,
    instance,
    bundle,
    runtime,
    reach: containerReach(options),
    egress: config.egress,
    egressSocket,
    codeCaches,
    pool,
    log,
  });
  const engines = [...inline, isolated, supervisor.engine];
  return { engines, prepared: () => supervisor.prepared(), ready: ready(engines, supervisor) };
}

/**
 * Builds the engine of level `none`. A realm costs a millisecond and no process, so many may exist
 * at once.
 */
async function inlineEngine(pool: PoolOptions): Promise<PooledEngine> {
  // Imported here because it loads a compiler, which only hosts with this level need.
  const { InProcessLauncher } = await import("./in-process/launcher.ts");
  return new PooledEngine(await InProcessLauncher.create(), {
    ...pool,
    max: Math.max(pool.max, MAX_REALMS),
  });
}

/**
 * Returns the permissions of a sandbox that is a process. The Worker is the only further
 * restriction, so it has only those that the operator named.
 */
function processReach(options: EnginesOptions): Reach {
  const { isolatedNet = false, mounts } = options.config;
  const read = Object.keys(mounts).filter((path) => mounts[path] === path);
  return { env: variables(options), net: isolatedNet, read, write: [], sys: true };
}

/**
 * Returns the permissions of a sandbox in a container. They are wide, because a container has only
 * what its job is granted: hosts behind the proxy, mounts, /tmp.
 */
function containerReach(options: EnginesOptions): Reach {
  const read = ["/tmp", ...Object.keys(options.config.mounts)];
  return { env: variables(options), net: true, read, write: ["/tmp"], sys: true };
}

/**
 * Returns the names of variables that a job may be granted. A sandbox has only its job's variables,
 * so with tenants or secrets any name is safe.
 */
function variables({ config: { env, tenants }, secrets }: EnginesOptions): Reach["env"] {
  return tenants || secrets ? "any" : Object.keys(env);
}
