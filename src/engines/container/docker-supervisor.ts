import type Docker from "dockerode";
import { EngineUnavailable } from "../../base/errors.ts";
import type { OperatorLog } from "../../base/operator-log.ts";
import { Reminders } from "../../base/reminders.ts";
import type { RunnerBundle } from "../../deno/runner.ts";
import type { EgressSettings } from "../../egress-client/egress.ts";
import type { EgressLink } from "../../egress-client/link.ts";
import { egressService } from "../../egress-client/service.ts";
import {
  brokenRuntime,
  foreignEngine,
  type HostFault,
  missingImage,
  missingRuntime,
  missingSandbox,
  oldEngine,
  silentEngine,
  unfilteredCalls,
} from "../explain/host-faults.ts";
import { type Instance, RunDirectoryGone } from "../instance/instance.ts";
import type { PoolOptions } from "../pool/pool-options.ts";
import { ProfileUnavailable } from "../pool/profile-unavailable.ts";
import { PooledEngine } from "../run/pooled-engine.ts";
import { call, engineStatus, isUnanswered } from "./docker.ts";
import { ContainerLauncher, type ContainerLauncherOptions } from "./launcher.ts";
import { ForeignInstances, RunDirectoryUnseen } from "./other-instances.ts";
import { reap } from "./reaper.ts";
import { removeLeft } from "./remove-leftovers.ts";
import { ensureRunnerImage } from "./runner-image.ts";
import { checkRuntime } from "./runtime.ts";
import { assertSeccomp } from "./seccomp.ts";
import { Sidecar } from "./sidecar.ts";

const PING_WITHIN = 3_000;
const CHECK_WHEN_UP = 2_000;
const CHECK_WHEN_DOWN = 500;
const REAP_EVERY = 60_000;

const WEAKER = 'A request may ask for {"sandbox":"isolated"} if one layer of isolation is enough';

const RUN_DIRECTORY = "docs/operate/troubleshooting.md#the-run-directory says more";

export interface DockerSupervisorOptions
  extends Omit<ContainerLauncherOptions, "image" | "egress" | "slots"> {
  readonly docker: Docker;
  /** Path of the engine's socket, for messages. Default: it is not named. */
  readonly socket?: string;
  readonly instance: Instance;
  readonly bundle: RunnerBundle;
  readonly pool: PoolOptions;
  /** Settings of the egress proxy. Default: no private destinations, the host's resolver. */
  readonly egress?: EgressSettings;
  /** Admin socket of a proxy that the operator runs. Default: one is started in a container. */
  readonly egressSocket?: string | undefined;
  /** Receives lines for the operator, one at a time. */
  readonly log: OperatorLog;
}

/**
 * Watches a Docker Engine, and halts and resumes the engine that runs jobs in its containers. While
 * Docker restarts, requests wait. When it is back, leftovers are removed and the pool fills again.
 */
export class DockerSupervisor {
  /** Runs the jobs. Closing it also ends the supervisor. */
  readonly engine: PooledEngine;
  /** Called with each fault that keeps containers from running, and whether it stays. */
  readonly onFault = new Set<(fault: HostFault, stays: boolean) => void>();
  readonly #options: DockerSupervisorOptions;
  readonly #launcher: ContainerLauncher;
  readonly #egress: Sidecar | EgressLink;
  readonly #foreign: ForeignInstances;
  #image = "";
  #fault: { readonly known: HostFault; readonly stays: boolean } | undefined;
  /** Explains an error of the present step of a check. */
  #explain: (error: unknown) => HostFault = missingSandbox;
  #up = false;
  #hasBeenUp = false;
  #lastReap = 0;
  readonly #reminders = new Reminders();
  #next: NodeJS.Timeout | undefined;
  #checking: Promise<void>;

  constructor(options: DockerSupervisorOptions) {
    this.#options = options;
    const slots = new Set<string>();
    const image = (): string => this.#image;
    const { egress = { hosts: {}, private: [] }, egressSocket: socket, log } = options;
    this.#egress =
      socket === undefined
        ? new Sidecar({ ...options, egress, slots, image })
        : egressService({ socket, settings: egress, log });
    this.#launcher = new ContainerLauncher({ ...options, image, egress: this.#egress, slots });
    this.#foreign = new ForeignInstances(options.docker, options.instance);
    const halted = unavailable("The container engine is being prepared");
    this.engine = new PooledEngine(this.#launcher, this.#poolOptions(), halted);
    this.engine.onClosed.add(() => this.#close());
    options.instance.onRestored.add(() => this.#renew());
    this.#checking = this.#check();
  }

  /** Fault that keeps containers from running at present, if one is known. */
  get fault(): { readonly known: HostFault; readonly stays: boolean } | undefined {
    return this.#fault;
  }

  /** Replaces everything that has the old directory mounted and so cannot see the new one. */
  #renew(): void {
    if (this.engine.pool.closed) return;
    this.#options.log("The run directory was gone and has been made again");
    if (this.#egress instanceof Sidecar) this.#egress.restart();
    if (this.#up) this.engine.pool.renew();
    else this.#checkSoon(0);
  }

  /**
   * Resolves after the first attempt to reach and prepare the engine, whether or not it succeeds.
   */
  async prepared(): Promise<void> {
    await this.#checking;
  }

  /**
   * Ends the proxy and removes the instance's last containers. The pool is closed by then, which
   * ends the checks.
   */
  async #close(): Promise<void> {
    clearTimeout(this.#next);
    await this.#checking;
    await this.#egress.close();
    // The reaper removes containers of an absent engine at the next start.
    const { docker, instance } = this.#options;
    if (this.#up) await removeLeft(docker, instance).catch(() => {});
  }

  #poolOptions(): PoolOptions {
    const { pool } = this.#options;
    const onError = (error: unknown): void => {
      const isProfile = error instanceof ProfileUnavailable;
      const broken = brokenRuntime(error);
      const words = broken && new Error(`${broken.message}. ${broken.advice}`);
      pool.onError(words ?? (isProfile ? error.cause : error));
      if (isProfile || !this.#up || this.engine.pool.closed) return;
      // Told before the pool tells those who wait for this start, so that they wait for the engine.
      if (isUnanswered(error)) {
        this.#explain = (reason) => this.#silent(reason);
        this.#goDown(error);
      }
      // The image has been removed: prepare again.
      if (engineStatus(error) === 404) this.#up = false;
      this.#checkSoon(0);
    };
    return { ...pool, onError };
  }

  /** Checks the engine once, and schedules the next check. */
  async #check(): Promise<void> {
    this.#explain = (error) => this.#silent(error);
    try {
      await call("ping", this.#options.docker.ping(), PING_WITHIN);
      await this.#options.instance.ensure();
      if (!this.#up) await this.#prepare();
      else if (Date.now() - this.#lastReap > REAP_EVERY) await this.#reap();
    } catch (error) {
      this.#goDown(error);
    }
    if (!this.engine.pool.closed) this.#checkSoon(this.#up ? CHECK_WHEN_UP : CHECK_WHEN_DOWN);
  }

  #checkSoon(ms: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      // One check at a time.
      this.#checking = this.#checking.then(() =>
        this.engine.pool.closed ? undefined : this.#check(),
      );
    }, ms);
    this.#next.unref();
  }

  async #prepare(): Promise<void> {
    const { docker, bundle, log, runtime } = this.#options;
    const [info, version] = await Promise.all([
      call("description", docker.info()),
      call("version", docker.version()),
    ]);
    const foreign = foreignEngine(info.OSType);
    if (foreign !== undefined) {
      this.#explain = () => foreign;
      throw new EngineUnavailable(foreign.message);
    }
    const old = oldEngine(version.Version, version.ApiVersion);
    if (old !== undefined) log(`${old.message}. ${old.advice}`, "warn");
    this.#explain = unfilteredCalls;
    assertSeccomp(info.SecurityOptions as unknown);
    this.#explain = missingRuntime;
    const warning = checkRuntime(info, runtime);
    if (warning !== undefined) log(warning, "warn");
    this.#explain = missingImage;
    const [image, reaped] = await Promise.allSettled([
      ensureRunnerImage(docker, bundle, log),
      this.#reap(),
    ]);
    if (reaped.status === "rejected") throw reaped.reason;
    if (image.status === "rejected") throw image.reason;
    this.#image = image.value;
    this.#fault = undefined;
    this.#up = true;
    this.#hasBeenUp = true;
    this.#reminders.clear();
    log(`Docker Engine ${info.ServerVersion} is ready, sandboxes run ${this.#image}`);
    if (this.engine.pool.closed) return;
    this.#egress.keep();
    this.engine.pool.resume();
  }

  async #reap(): Promise<void> {
    const { docker, instance, log, pool } = this.#options;
    const removed = await reap(docker, instance, this.#launcher.slots, pool.onError, this.#foreign);
    this.#lastReap = Date.now();
    if (removed > 0) log(`Removed ${removed} containers nobody owned`);
  }

  #silent(error: unknown): HostFault {
    return silentEngine(this.#options.socket ?? "its socket", error);
  }

  #goDown(error: unknown): void {
    const files = error instanceof RunDirectoryGone || error instanceof RunDirectoryUnseen;
    const known = files ? { message: error.message, advice: RUN_DIRECTORY } : this.#explain(error);
    const told = `${known.message}. ${known.advice}`;
    const stays = error instanceof EngineUnavailable;
    this.#fault = { known, stays };
    for (const listener of this.onFault) listener(known, stays);
    if (this.#reminders.isDue(told)) this.#options.log(told, "error");
    this.#up = false;
    this.#launcher.networks.forget();
    // An engine that has run comes back by itself. Others need the operator, so nobody waits.
    const reason = files ? error.message : `${told}. ${WEAKER}`;
    this.engine.pool.halt(unavailable(reason), stays || !this.#hasBeenUp);
  }
}

function unavailable(message: string): EngineUnavailable {
  return new EngineUnavailable(message, { retryAfter: 2 });
}
