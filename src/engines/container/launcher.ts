import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions } from "dockerode";
import { deadline } from "../../base/deadline.ts";
import { EgressUnavailable } from "../../base/errors.ts";
import { heapMegabytes, type Reach } from "../../deno/deno.ts";
import type { Egress, EgressLease, EgressRun } from "../../egress-client/egress.ts";
import type { Confinement } from "../../permissions/confinement.ts";
import type { WorkerGrant } from "../../protocol/grants.ts";
import { SOLE_TENANT } from "../../request/tenant.ts";
import { type CompiledCode, linkCode } from "../code-cache/code-caches.ts";
import type { Connection } from "../connection/connection.ts";
import { Renewal } from "../connection/renewal.ts";
import { SocketDirectory } from "../connection/socket-directory.ts";
import type { Ending, Launcher, Profile, Sandbox, SandboxJob } from "../contract/contract.ts";
import { type Exit, exitFault } from "../contract/exit.ts";
import type { Instance } from "../instance/instance.ts";
import { Meter } from "../metering/meter.ts";
import { ProcessView } from "../metering/process-view.ts";
import { watched } from "../pool/idle-watch.ts";
import { quietly, type StartPriority } from "../pool/quiet-start.ts";
import { Cgroups } from "./cgroup.ts";
import { confinement } from "./confinement-of-flags.ts";
import { call } from "./docker.ts";
import { containerOptions } from "./flags.ts";
import { missingMount } from "./mounts.ts";
import { type Network, Networks } from "./networks.ts";
import { removeContainer, removeEnding } from "./remove.ts";
import { EngineThrottle } from "./throttle.ts";

const READY_WITHIN = 20_000;
const EXIT_WITHIN = 2_000;
const EXIT_POLL = 50;
const KILLED = 128 + 9;
const ENGINE_GONE_WITHIN = 5_000;
const ENGINE_GONE_POLL = 200;
const EARLY_EXIT_POLL = 1_000;
/** Weight of a container by default, as the engine counts it. */
const USUAL_SHARES = 1_024;

export interface ContainerLauncherOptions {
  readonly docker: Docker;
  readonly instance: Instance;
  /** Name of the runner image. */
  readonly image: () => string;
  readonly runtime?: string | undefined;
  /** Union of the permissions that jobs may be granted. Default: nothing. */
  readonly reach?: Reach | undefined;
  /** Set that receives the slots in use. Default: a new one. */
  readonly slots?: Set<string>;
  /** Directory of this host's control groups. Default: `/sys/fs/cgroup`. */
  readonly cgroups?: string | undefined;
  /** Network access for jobs that are granted hosts. */
  readonly egress?: Egress | undefined;
  /** Compiled code of the runner. Default: each sandbox compiles it. */
  readonly codeCaches?: CompiledCode | undefined;
  /** Makes the view of a process, for the same tests. */
  readonly view?: ((pid: number) => ProcessView) | undefined;
  /** Changes the options of any container, for tests that weaken one protection at a time. */
  readonly adjust?: (options: ContainerCreateOptions) => ContainerCreateOptions;
}

/** Starts sandboxes that are containers, each with its own socket directory. */
export class ContainerLauncher implements Launcher {
  readonly level = "container";
  readonly prepares = true;
  /** Ids of the slots in use, from before the container is created until after it is removed. */
  readonly slots: Set<string>;
  readonly networks: Networks;
  readonly #options: ContainerLauncherOptions;
  readonly #cgroups: Cgroups;

  constructor(options: ContainerLauncherOptions) {
    this.#options = options;
    this.#cgroups = new Cgroups(options.cgroups);
    this.slots = options.slots ?? new Set();
    const { docker, instance, adjust = (created) => created } = options;
    this.networks = new Networks({ docker, instance, adjust, slots: this.slots });
  }

  get survivors(): number | undefined {
    return this.#options.egress?.survivors;
  }

  confinement(profile: Profile): Confinement {
    return confinement(profile, this.#options.runtime);
  }

  /** Removes the containers that hold network namespaces. */
  close(): Promise<void> {
    return this.networks.close();
  }

  async launch(
    profile: Profile,
    worker?: WorkerGrant,
    hurried = false,
    isAwaited = () => false,
  ): Promise<Sandbox> {
    const { docker, instance, runtime, reach, egress, image, codeCaches } = this.#options;
    const { adjust = (options) => options } = this.#options;
    await instance.ensure();
    const sockets = await SocketDirectory.create(instance.directory);
    this.slots.add(sockets.id);
    let network: Network | undefined;
    let container: Container | undefined;
    let connection: Connection | undefined;
    let code: string | undefined;
    const compiled = (): string | undefined =>
      codeCaches?.directoryFor(heapMegabytes(profile.memory));
    const remove = async (): Promise<void> => {
      // Code that still runs is stopped at once.
      const ends = connection !== undefined && !connection.isRunning;
      connection?.close();
      let gone = false;
      try {
        if (container !== undefined) await (ends ? removeEnding : removeContainer)(container);
        gone = true;
      } finally {
        if (network !== undefined) {
          // A sandbox that may still exist keeps its namespace, so that no other one joins it.
          if (gone && connection !== undefined) this.networks.release(network);
          else await this.networks.discard(network);
        }
        await sockets.remove();
        this.slots.delete(sockets.id);
      }
    };
    try {
      sockets.writeAuthority(egress?.authority);
      code = compiled();
      const codeFolder = code && (await linkCode(code, sockets.directory));
      network = await this.networks.lease();
      const spec = {
        image: image(),
        profile,
        slot: sockets,
        instance,
        runtime,
        reach,
        network: network.id,
        codeFolder,
        hurried,
        isQuiet: !hurried && this.#cgroups.givesShares,
      };
      const options = adjust(containerOptions(spec));
      container = await call("create", docker.createContainer(options)).catch((error: unknown) => {
        throw missingMount(error, profile) ?? error;
      });
      const started = container;
      const priority = spec.isQuiet ? quietStart(this.#cgroups, started) : undefined;
      connection = await quietly(priority, isAwaited, async () => {
        await call("start", started.start());
        const connected = await untilReady(sockets, started);
        connection = connected;
        if (worker !== undefined) await connected.prepare(worker);
        return connected;
      });
    } catch (error) {
      const again = network !== undefined && (await this.networks.isLost(network));
      await remove().catch(() => {});
      if (again) return this.launch(profile, worker, hurried, isAwaited);
      throw error;
    }
    const meter = await this.#meter(container, connection);
    const pid = this.#cgroups.pid(container.id);
    const { view: viewOf = (of: number) => new ProcessView(of) } = this.#options;
    const view = pid === undefined ? undefined : viewOf(pid);
    const isOutdated = (): boolean => code === undefined && compiled() !== undefined;
    const renewal = new Renewal(connection, view, profile.memory, isOutdated);
    const parts = { sockets, profile, container, connection, egress, meter, renewal, remove };
    const throttle =
      this.#cgroups.throttle(container.id) ?? new EngineThrottle(container, profile.cpus);
    return watched(toSandbox(parts), throttle, () => connection?.close());
  }

  /** Returns a meter on the container's control group, where this host shows it. */
  async #meter(container: Container, { closed }: Connection): Promise<Meter | undefined> {
    const pidOf = async () => (await call("inspection", container.inspect())).State.Pid;
    const gauge = await this.#cgroups.gauge(container.id, pidOf);
    if (gauge === undefined) return undefined;
    const meter = new Meter(gauge);
    void closed.then(() => meter.close());
    return meter;
  }
}

/** Raises the priority of a container by its control group; at last by the engine, which takes long. */
function quietStart(cgroups: Cgroups, container: Container): StartPriority {
  return {
    async raise(isLast) {
      const isGiven = cgroups.giveUsualShare(container.id);
      if (isGiven) return;
      if (!isLast) throw new Error("The container has no control group yet");
      await call("update", container.update({ CpuShares: USUAL_SHARES }));
    },
  };
}

function toSandbox(parts: {
  sockets: SocketDirectory;
  profile: Profile;
  container: Container;
  connection: Connection;
  egress: Egress | undefined;
  meter: Meter | undefined;
  renewal: Renewal;
  remove: () => Promise<void>;
}): Sandbox {
  const { sockets, profile, container, connection, egress, meter, renewal, remove } = parts;
  let destroyed: Promise<void> | undefined;
  let cut = async (): Promise<void> => {};
  return {
    id: sockets.id,
    profile,
    closed: connection.closed,
    run: (job, events, timeLeft) => {
      if (job.renew || job.files?.wanted) renewal.begin();
      const run = egressRunOf(job, sockets, timeLeft);
      if (run === undefined) return connection.run(job, events);
      const { onRefused } = events;
      // The sandbox reads it at its first use of TLS, and may have been started for an earlier proxy.
      sockets.writeAuthority(egress?.authority);
      return withEgress(egress, { ...run, onRefused }, (lease) => {
        cut = once(async () => {
          // `events.onEgress?.(await lease.close())` would skip `close()` without a listener.
          const report = await lease.close();
          events.onEgress?.(report);
        });
        return connection.run(job, events).finally(cut);
      });
    },
    meter,
    cut: () => cut(),
    renew: () => renewal.renew(),
    prepare: (worker) => connection.prepare(worker),
    takeArtifacts: (within) => renewal.takeArtifacts(within),
    sendChannel: (topic, text) => connection.sendChannel(topic, text),
    sendAnswer: (answer) => connection.sendAnswer(answer),
    sendCredit: (bytes) => connection.sendCredit(bytes),
    sendSocket: (event) => connection.sendSocket(event),
    finish: () => connection.finish(),
    ping: (timeout) => connection.ping(timeout),
    diagnose: async () => exitFault(await causedInside(container), profile.memory),
    destroy: () => {
      destroyed ??= remove();
      return destroyed;
    },
  };
}

/** Returns the network access that a job is granted, if any. */
function egressRunOf(
  job: SandboxJob,
  sockets: SocketDirectory,
  timeLeft: number,
): EgressRun | undefined {
  const { grants, tenant = SOLE_TENANT.id } = job;
  const { egress: allow, egressRequests: requests, bindings, database } = grants ?? {};
  if (!allow && database === undefined) return undefined;
  return {
    run: sockets.id,
    tenant,
    ...(allow && {
      egress: {
        socket: sockets.egressSocket,
        policy: { allow, ...(requests && { requests }), ...(bindings && { bindings }) },
      },
    }),
    ...(database && { database: { ...database, socket: sockets.databaseSocket, timeLeft } }),
  };
}

async function withEgress(
  egress: Egress | undefined,
  run: EgressRun,
  work: (lease: EgressLease) => Promise<Ending>,
): Promise<Ending> {
  if (egress === undefined) throw new EgressUnavailable("This host has no egress proxy");
  return work(await egress.open(run));
}

/** Wraps `work` so that it runs once. All callers get the same promise. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** Resolves with the connection, or rejects as soon as the container has ended. */
async function untilReady(sockets: SocketDirectory, container: Container): Promise<Connection> {
  const over = new AbortController();
  const ended = (async () => {
    for (;;) {
      await sleep(EARLY_EXIT_POLL, undefined, { signal: over.signal });
      const { State } = await call("inspection", container.inspect());
      if (!State.Running) throw new Error(`The container ended with code ${State.ExitCode}`);
    }
  })();
  try {
    return await deadline(
      Promise.race([sockets.connected(), ended]),
      READY_WITHIN,
      "Starting a sandbox container",
    );
  } finally {
    over.abort();
    ended.catch(() => {});
  }
}

/**
 * Returns how the container ended. Its first process cannot kill itself. So a kill without lack of
 * memory came from outside, or is a faked exit code. If the engine is shutting down, it kills its
 * containers and is gone seconds later: this rejects then.
 */
async function causedInside(container: Container): Promise<Exit | undefined> {
  let exit = await exitOf(container);
  // The engine learns of an exit and of its being for memory by two events.
  const end = Date.now() + ENGINE_GONE_WITHIN;
  while (exit?.code === KILLED && !exit.outOfMemory && Date.now() < end) {
    await sleep(ENGINE_GONE_POLL);
    exit = await exitOf(container);
  }
  return exit;
}

/** Returns how the container's first process ended, when the engine has noticed. */
async function exitOf(container: Container): Promise<Exit | undefined> {
  for (const end = Date.now() + EXIT_WITHIN; Date.now() < end; await sleep(EXIT_POLL)) {
    const { State } = await call("inspection", container.inspect());
    if (!State.Running) return { code: State.ExitCode, outOfMemory: State.OOMKilled };
  }
  return undefined;
}
