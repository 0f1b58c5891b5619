import { rm } from "node:fs/promises";
import { deadline } from "../../base/deadline.ts";
import { newUser } from "../../confined-process/host-confinement.ts";
import { DatabaseProxy } from "../../database/database-proxy.ts";
import { SpareConnections } from "../../database/spare-connections.ts";
import {
  HOST_ENVIRONMENT,
  heapMegabytes,
  hostArguments,
  NO_REACH,
  type Reach,
} from "../../deno/deno.ts";
import { survivorLine } from "../../egress-client/link.ts";
import type { WorkerGrant } from "../../protocol/grants.ts";
import type { CompiledCode } from "../code-cache/code-caches.ts";
import { Renewal } from "../connection/renewal.ts";
import { SocketDirectory } from "../connection/socket-directory.ts";
import type { Ending, Job, Launcher, Profile, Sandbox } from "../contract/contract.ts";
import { type Exit, exitFault } from "../contract/exit.ts";
import { watchMemory } from "../metering/memory-watch.ts";
import { Meter } from "../metering/meter.ts";
import { ProcessGauge } from "../metering/process-gauge.ts";
import { ProcessView } from "../metering/process-view.ts";
import { type Throttle, watched } from "../pool/idle-watch.ts";
import { quietly } from "../pool/quiet-start.ts";
import type { Command } from "../spawner/orders.ts";
import { Spawner } from "../spawner/spawner.ts";
import type { SpawnedProcess } from "../spawner/spawner-process.ts";
import { assertContained } from "./contained-paths.ts";
import {
  confinedProcess,
  confineProcesses,
  missingWalls,
  type ProcessConfinement,
} from "./process-confinement.ts";
import { lowPriority } from "./process-priority.ts";

const READY_WITHIN = 10_000;
const EXIT_WITHIN = 2_000;

/**
 * Starts sandboxes that are Deno processes of this host. The Worker's permissions restrict the
 * code, and the host's confinement restricts the process, as far as this host allows it.
 */
export class DenoProcessLauncher implements Launcher {
  readonly level = "isolated";
  readonly prepares = true;
  /** Starts the processes. Another one takes its place when it ends. */
  readonly spawner = new Spawner();
  readonly #instanceDirectory: string;
  readonly #runnerDirectory: string;
  readonly #reach: Reach;
  readonly #ensure: () => Promise<void>;
  readonly #reserve: SpareConnections;
  readonly #codeCaches: CompiledCode | undefined;
  readonly #view: (pid: number) => ProcessView;
  #confinement: Promise<ProcessConfinement> | undefined;

  /**
   * `runnerDirectory` has the files of `writeRunner()`. Socket directories are created in
   * `instanceDirectory`. `ensure` restores both before each start.
   */
  constructor(options: {
    instanceDirectory: string;
    runnerDirectory: string;
    ensure?: () => Promise<void>;
    reach?: Reach;
    /** Compiled code of the runner; `close()` closes it. Default: each sandbox compiles it. */
    codeCaches?: CompiledCode;
    /** Makes the view of a process, for tests that take one protection away. */
    view?: (pid: number) => ProcessView;
    /** Receives lines for the operator, one at a time. Default: none. */
    log?: (line: string) => void;
  }) {
    const { log = () => {}, view = (pid) => new ProcessView(pid) } = options;
    this.#view = view;
    this.#reserve = new SpareConnections({
      onSurvivor: ({ host, user, pid }, state, reason) =>
        log(survivorLine({ ...host, user, pid, state, reason })),
    });
    this.#ensure = options.ensure ?? (async () => {});
    this.#reach = options.reach ?? NO_REACH;
    this.#codeCaches = options.codeCaches;
    this.#instanceDirectory = options.instanceDirectory;
    this.#runnerDirectory = options.runnerDirectory;
  }

  /** Describes the protections that this host lacks; `undefined` if it has all. */
  async missingWalls(): Promise<string | undefined> {
    return missingWalls(await this.#confine());
  }

  /**
   * Sets up the confinement again for the next start, because the instance's directory was
   * recreated.
   */
  renew(): void {
    this.#confinement = undefined;
  }

  /** Sets up the confinement once, with the first sandbox at the latest. */
  #confine(): Promise<ProcessConfinement> {
    this.#confinement ??= confineProcesses(this.#instanceDirectory, this.#runnerDirectory);
    return this.#confinement;
  }

  /** Number of database sessions that outlive their execution. */
  get survivors(): number {
    return this.#reserve.survivors;
  }

  async launch(
    profile: Profile,
    worker?: WorkerGrant,
    hurried = false,
    isAwaited = () => false,
  ): Promise<Sandbox> {
    await this.#ensure();
    const confinement = await this.#confine();
    const user = newUser(confinement.host);
    const sockets = await SocketDirectory.create(this.#instanceDirectory, user);
    const code = this.#codeFor(user, profile);
    const command = this.#command(confinement, user, sockets, profile, hurried, code);
    const child = await this.spawner.start(command).catch(async (error: unknown) => {
      await sockets.remove();
      throw error;
    });
    const { pid, ended } = child;
    const priority = hurried ? undefined : lowPriority(pid);
    const meter = new Meter(new ProcessGauge(pid));
    let outOfMemory = false;
    const kill = (): void => {
      child.signal("SIGKILL");
    };
    const stopWatch = watchMemory(pid, profile.memory, () => {
      outOfMemory = true;
      // A process that has ended has no figures in /proc.
      meter.read();
      kill();
    });
    const destroy = async (): Promise<void> => {
      kill();
      stopWatch();
      await ended;
      meter.close();
      await sockets.remove();
    };
    try {
      const failed = ended.then((end) => {
        throw new Error(`Deno ended with code ${end?.code} before it was ready: ${end?.said}`);
      });
      const ready = deadline(
        Promise.race([sockets.connected(), failed]),
        READY_WITHIN,
        "Starting a Deno process",
      );
      const connection = await quietly(priority, isAwaited, async () => {
        const connected = await ready;
        if (worker !== undefined) await connected.prepare(worker);
        return connected;
      });
      // From here on the process runs hostile code, and its output is not read.
      child.hush();
      void connection.closed.then(() => meter.read());
      const view = this.#view(pid);
      const isOutdated = (): boolean =>
        code === undefined && this.#codeFor(user, profile) !== undefined;
      const renewal = new Renewal(connection, view, profile.memory, isOutdated);
      const sandbox: Sandbox = {
        id: sockets.id,
        profile,
        closed: connection.closed,
        run: async (job, events, timeLeft) => {
          if (job.renew) renewal.begin();
          await this.#assertContained(job);
          return this.#withDatabase(sockets, job, timeLeft, () => connection.run(job, events));
        },
        meter,
        renew: () => renewal.renew(),
        prepare: (worker) => connection.prepare(worker),
        sendChannel: (topic, text) => connection.sendChannel(topic, text),
        sendAnswer: (answer) => connection.sendAnswer(answer),
        sendCredit: (bytes) => connection.sendCredit(bytes),
        sendSocket: (event) => connection.sendSocket(event),
        finish: () => connection.finish(),
        ping: (timeout) => connection.ping(timeout),
        diagnose: async () => {
          const end = await deadline(ended, EXIT_WITHIN, "Waiting for the exit").catch(
            () => undefined,
          );
          const exit: Exit | undefined = end && { code: end.code, outOfMemory };
          return exitFault(exit, profile.memory);
        },
        destroy,
      };
      return watched(sandbox, stopping(child), () => connection.close());
    } catch (error) {
      await destroy();
      throw error;
    }
  }

  async #assertContained({ grants }: Job): Promise<void> {
    const read = grants?.worker.read;
    if (Array.isArray(read)) await assertContained(read, this.#reach.read);
  }

  /**
   * Opens the job's database while `work` runs. The control plane is outside the sandbox here and
   * can reach the database, so it connects on the job's behalf.
   */
  async #withDatabase(
    sockets: SocketDirectory,
    { grants }: Job,
    timeLeft: number,
    work: () => Promise<Ending>,
  ): Promise<Ending> {
    const database = grants?.database;
    if (database === undefined) return work();
    const socket = sockets.databaseSocket;
    const audit = (): void => {};
    const reserve = this.#reserve;
    // A reused sandbox has run before, and its directory was sealed then.
    await sockets.unseal();
    await rm(socket, { force: true });
    const databaseProxy = await DatabaseProxy.open({
      ...database,
      socket,
      timeLeft,
      reserve,
      audit,
    });
    try {
      await sockets.seal();
      return await work();
    } finally {
      await databaseProxy.close();
    }
  }

  async close(): Promise<void> {
    await this.#codeCaches?.close();
    await this.#reserve.close();
    this.spawner.close();
  }

  /** Returns the directory with compiled code, if there is one that a process of the user cannot write to. */
  #codeFor(user: number | undefined, { memory }: Profile): string | undefined {
    return user === undefined ? undefined : this.#codeCaches?.directoryFor(heapMegabytes(memory));
  }

  #command(
    confinement: ProcessConfinement,
    user: number | undefined,
    sockets: SocketDirectory,
    profile: Profile,
    hurried: boolean,
    code: string | undefined,
  ): Command {
    // A Worker can be granted hosts only if its process has a network.
    const { network = false } = profile;
    const args = hostArguments({
      runnerDirectory: this.#runnerDirectory,
      sockets: [sockets.controlSocket, sockets.databaseSocket],
      reach: { ...this.#reach, net: this.#reach.net && network },
      heapMegabytes: heapMegabytes(profile.memory),
      hurried,
    });
    const [file = "", ...rest] = confinedProcess(confinement, args, user, network);
    return {
      file,
      args: rest,
      cwd: sockets.directory,
      env: { ...HOST_ENVIRONMENT, ...(code !== undefined && { DENO_DIR: code }) },
    };
  }
}

/** Throttles a process by stopping all its threads, because no control group can slow it down. */
function stopping(child: SpawnedProcess): Throttle {
  return {
    async hold() {
      child.signal("SIGSTOP");
    },
    async release() {
      child.signal("SIGCONT");
    },
  };
}
