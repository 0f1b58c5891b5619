import type { JsonText } from "../../base/json-text.ts";
import type { SessionEnd } from "../../base/session-end.ts";
import type { EgressReport } from "../../egress-client/egress.ts";
import type { Confinement } from "../../permissions/confinement.ts";
import type { PermsObject } from "../../permissions/perms.ts";
import type { Answered, CallAnswer, CallRequest } from "../../protocol/calls.ts";
import type { DatabaseGrant } from "../../protocol/database-target.ts";
import type { EgressBinding } from "../../protocol/egress-bindings.ts";
import type { ArtifactClaim, JobFiles } from "../../protocol/exchanged-files.ts";
import type { Grants, WorkerGrant } from "../../protocol/grants.ts";
import type { HttpJob } from "../../protocol/http.ts";
import type { OutputLimits } from "../../protocol/limits.ts";
import type {
  ChannelRequest,
  Fault,
  JobAnswer,
  Language,
  ResultForm,
  ToolUse,
} from "../../protocol/messages.ts";
import type { SocketEvent } from "../../protocol/socket.ts";
import type { Denial, LogEntry, Observer, SandboxLevel, Usage } from "../../request/types.ts";
import type { Meter } from "../metering/meter.ts";
import type { Artifacts } from "./artifacts.ts";
import type { HttpDelivery, HttpReceiver } from "./http-delivery.ts";
import type { CallLine, ChannelLine } from "./lines.ts";

/** Properties of a sandbox that are fixed when it is created. */
export interface Profile {
  /** Memory in megabytes. */
  readonly memory: number;
  /** Processor cores; fractions are allowed. */
  readonly cpus: number;
  /** Directories of the host that a container sees, read-only. Default none. */
  readonly mounts?: readonly Mount[];
  /** True if a process at level `isolated` has the host's network. Default false. */
  readonly network?: boolean;
}

export interface Mount {
  /** Path on the host. */
  readonly source: string;
  /** Path in the sandbox. */
  readonly target: string;
}

/**
 * Returns the key of a profile. Two profiles share warm sandboxes exactly if their keys are equal.
 */
export function profileKey(profile: Profile): string {
  const { memory, cpus, mounts = [], network = false } = profile;
  const targets = mounts.map(({ target }) => target).sort();
  return [`${memory}MB/${cpus}cpu`, ...(network ? ["network"] : []), ...targets].join(":");
}

/** One piece of code to run once. */
export interface Job {
  readonly code: string;
  /** Default: TypeScript where it does not parse as JavaScript. */
  readonly language?: Language | undefined;
  readonly entry: string;
  /** JSON text, or that of `writeInput()`; `undefined` calls the entry without arguments. */
  readonly input: string | undefined;
  /** JSON text of an argument after the input, of a few hundred characters. Default: none. */
  readonly callContext?: string | undefined;
  /** Further arguments of the entry, after the input, as new arrays. Default none. */
  readonly attachments?: readonly Uint8Array[];
  readonly tools: readonly ToolUse[];
  readonly limits: OutputLimits;
  /**
   * Form of the entry's result. `json`, the default: as in JSON. `rich`: as it was, at any depth,
   * with `undefined`, bigints, dates, Maps, Sets, binary values and all numbers.
   */
  readonly result?: ResultForm;
  /**
   * HTTP request that the entry receives instead of its arguments: a `Request` whose body is the
   * first attachment. The entry returns a `Response`, and the outcome has no result.
   */
  readonly httpRequest?: HttpJob;
  /** Permissions of the job. Absent if it has none. */
  readonly grants?: JobGrants | undefined;
  /** Files that its code reads, and those that it leaves. Default none. */
  readonly files?: JobFiles | undefined;
}

/** A job on its way into a sandbox. */
export interface SandboxJob extends Job {
  /** Tenant, for the proxy's record. The sandbox does not learn it. */
  readonly tenant?: string | undefined;
  /**
   * True if the sandbox may run the same code again, by calling the loaded module. Default false.
   */
  readonly reuse?: boolean;
  /** True if the sandbox may run other code in the same worker afterwards, with `reuse`. Default false. */
  readonly session?: boolean;
  /** URL of the module. A worker loads each URL once. Default: that of every first job. */
  readonly moduleUrl?: string;
  /** True if the sandbox may run other code of the tenant afterwards, by `renew()`. Default false. */
  readonly renew?: boolean;
}

/** Permissions of a job: those sent to the sandbox, and those enforced outside of it. */
export interface JobGrants extends Omit<Grants, "proxy"> {
  /** Hosts that the job may reach through the egress proxy; `null` for no access to the proxy. */
  readonly egress: readonly string[] | null;
  /** Most requests that it may make through the proxy. Default: the proxy's own limit. */
  readonly egressRequests?: number | undefined;
  /** Headers with secrets for the proxy alone. Default: none. */
  readonly bindings?: readonly EgressBinding[] | undefined;
  /** The tenant's database, if the job may use it. */
  readonly database?: DatabaseGrant | undefined;
}

/** End of a job in a sandbox, with or without a final message. */
export type Ending =
  | JobAnswer
  /** End without a call of the code, because an earlier run has spoiled the sandbox. */
  | { readonly type: "declined" }
  | { readonly type: "closed" };

/** Events of a sandbox while its job runs. */
export interface RunEvents {
  onLog(entry: LogEntry | { dropped: number }): void;
  /** Receives requests to channels. Default: they are dropped. */
  onChannel?: ((request: ChannelRequest) => void) | undefined;
  /** Receives calls to functions of the caller. Default: they are dropped. */
  onCall?: ((call: CallRequest) => void) | undefined;
  /** Receives what a sandbox claims of a file below its `/tmp/out`, before the run's end. */
  onArtifact?: ((claim: ArtifactClaim, bytes: Uint8Array) => void) | undefined;
  /** Called when a sandbox says that its code has ended, and its workers are to. */
  onStopped?: (() => void) | undefined;
  /** Called when the entry has returned nothing, and the run goes on until its time is up. */
  onLingering?: (() => void) | undefined;
  /** Receives the response of a job with `httpRequest`. */
  readonly delivery?: HttpDelivery | undefined;
  /** Receives each refusal of the proxy. The proxy omits some if there are too many. */
  onRefused?: ((denial: Denial) => void) | undefined;
  /** Receives the proxy's report of the run, before the run's end. */
  onEgress?: ((report: EgressReport) => void) | undefined;
}

/** A running, isolated runtime. It runs one job, or several with `reuse`. */
export interface Sandbox {
  readonly id: string;
  readonly profile: Profile;
  /** Resolves when the sandbox can run no more jobs, for whatever reason. */
  readonly closed: Promise<void>;
  /**
   * Runs a job. Log entries arrive before the promise resolves. Rejects with an `IsolateError` only
   * if the job's permissions cannot be provided. After `timeLeft` ms nobody waits for the job.
   */
  run(job: SandboxJob, events: RunEvents, timeLeft: number): Promise<Ending>;
  /**
   * Sends a message to the running job's channel. Returns false if it is lost. Never blocks or
   * throws.
   */
  sendChannel(topic: string, text: string): boolean;
  /**
   * Sends the answer to a call of the running job. Never blocks or throws. Absent where code has no
   * functions of its caller.
   */
  sendAnswer?(answer: CallAnswer): Answered;
  /** Lets the running job send `bytes` more of its response. Never blocks or throws. */
  sendCredit(bytes: number): void;
  /** Sends an event of the running job's WebSocket. Absent where code can have none. */
  sendSocket?(event: SocketEvent): void;
  /** Asks a lingering run for its ending. Never blocks or throws. */
  finish(): void;
  /** Meter of its jobs; absent where nothing can be measured. */
  readonly meter?: Meter | undefined;
  /** Closes the running job's network access. `onEgress` is called before this resolves. */
  cut?(): Promise<void>;
  /** Makes a worker with exactly these permissions for the next job. Absent where jobs have none. */
  prepare?(worker: WorkerGrant): Promise<void>;
  /** Begins an idle period: until the next `run()`, its code may use only a part of a core. */
  idle?(): void;
  /**
   * Ends all that the last job has left, so that other code of its tenant can run. Returns whether
   * nothing is left for sure. Absent where a sandbox cannot do that.
   */
  renew?(): Promise<boolean>;
  /**
   * Waits `within` ms until the stopped job has no worker, and has its artifacts taken then. Returns
   * false if one may still change them. Absent where code has no files.
   */
  takeArtifacts?(within: number): Promise<boolean>;
  /** Rejects unless the sandbox answers within `timeout` ms. */
  ping(timeout: number): Promise<void>;
  /** Returns the reason why a sandbox closed its connection without a final message. */
  diagnose(): Promise<Fault>;
  /** Ends it and removes all its resources. Idempotent. Rejects if something is left. */
  destroy(): Promise<void>;
}

/** A sandbox that has been started, seen from outside. */
export interface Spawn {
  readonly id: string;
  readonly level: SandboxLevel;
  readonly profile: Profile;
  /** Ends it, with the job it may be running. Never rejects. */
  kill(): Promise<void>;
}

/** A sandbox in which one caller runs jobs, each with code of its own, in the realm of those before. */
export interface EngineSession {
  readonly level: SandboxLevel;
  /** Resolves with the reason when it has ended. Its sandbox may still be on its way out. */
  readonly ended: Promise<SessionEnd>;
  /** Number of jobs that have begun. */
  readonly jobs: number;
  /** Ends it, with the job that it may be running. Resolves once its sandbox is gone. Idempotent. */
  end(reason: SessionEnd): Promise<void>;
}

/** Resources that a sandbox used after its last job, so that no outcome contains them. */
export interface IdleUsage {
  readonly level: SandboxLevel;
  readonly tenant: string;
  /** Milliseconds of processor time. */
  readonly cpu: number;
}

/** Starts sandboxes of one kind. */
export interface Launcher {
  readonly level: SandboxLevel;
  /** Number of database sessions that outlive their execution; absent where none are known. */
  readonly survivors?: number | undefined;
  /** True if `launch()` can make a worker ahead. Default false. */
  readonly prepares?: boolean;
  /** Returns the confinement of a profile's sandboxes, where they are containers. */
  confinement?(profile: Profile): Confinement;
  /**
   * Starts a sandbox, and resolves when it is ready for a job. With `worker`, it has a worker with
   * exactly these permissions ready, beside that without any. If that fails, nothing is left behind.
   *
   * @param hurried True if a request waits for it. It is ready sooner then, and its first job takes
   * longer.
   * @param isAwaited Tells whether a request waits by now. Until then, the start leaves the processors
   * to others where it can. Default: none does.
   */
  launch(
    profile: Profile,
    worker?: WorkerGrant,
    hurried?: boolean,
    isAwaited?: () => boolean,
  ): Promise<Sandbox>;
  /** Removes shared resources when all sandboxes are gone. */
  close?(): Promise<void>;
}

export type Status = "ok" | "error" | "timeout" | "crash";

export interface Outcome {
  readonly status: Status;
  /** Value of the result; absent for `undefined`. */
  readonly result?: unknown;
  readonly fault?: Fault;
  readonly logs: LogEntry[];
  readonly logsDropped: number;
  /** Refusals that are known; absent if there are none. */
  readonly denied?: readonly Denial[];
  /** Variables that code read from `process.env` without a grant; absent if there are none. */
  readonly ungranted?: readonly string[];
  /** Files that the code has left, and those left out; absent if it was asked for none. */
  readonly artifacts?: Artifacts | undefined;
  /** Duration in milliseconds, rounded. */
  readonly duration: number;
  /** Resources that the job used; absent where nothing was measured. */
  readonly usage?: JobUsage;
}

/** `Usage` without `wall`, which needs the beginning of the request. */
export type JobUsage = Omit<Usage, "wall">;

/** Sandboxes that a job may share with earlier ones. */
export interface Reuse {
  readonly key: string;
  /** Default `code`. */
  readonly scope?: "tenant" | "code";
}

export interface ExecuteOptions {
  readonly profile: Profile;
  /** Milliseconds of the job in its sandbox. */
  readonly timeout: number;
  /** Most milliseconds of the wait for a sandbox. Default: the engine's. */
  readonly queueTimeout?: number | undefined;
  /** Tenant of the execution. Tenants get sandboxes in turn. Default: the only one of the host. */
  readonly tenant?: string | undefined;
  /** Aborts: destroys the sandbox and rejects with `Aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Runs the job in an idle sandbox that has run this key before, if there is one. Any other sandbox
   * is kept for the key afterwards.
   *
   * Scope `code`: the entry of the loaded module is called again, with all its state. `codeReuseKey()`
   * makes the key from the tenant, the code and its permissions. Jobs with tools other than `crypto`
   * and `database` are refused with `BadRequest`.
   *
   * Scope `tenant`: any code of the tenant runs in a worker of its own, with nothing of what ran
   * before. `tenantReuseKey()` makes the key.
   */
  readonly reuse?: Reuse | undefined;
  /** Channels for a job with the tool `channel`. Without them, its messages are dropped. */
  readonly channel?: ChannelLine | undefined;
  /** Calls of a job with functions of the caller. Without it, they have no answer. */
  readonly calls?: CallLine | undefined;
  /** Receives each entry of the outcome's logs, each message the code emits, and each denial. */
  readonly observer?: Observer | undefined;
  /** Receives the response of a job with `httpRequest`. */
  readonly responseReceiver?: HttpReceiver | undefined;
  /** Reads large results outside the event loop. Rejects for invalid JSON. */
  readonly readResult?: ReadResult | undefined;
  /**
   * Tells which permissions this host and its ceilings would grant, for hints and denials. Default:
   * all that an operator may grant.
   */
  readonly grantable?: ((permissions: PermsObject) => boolean) | undefined;
  /** Tells whether the execution could have the tool `database`, for hints. Default: it could. */
  readonly hasDatabase?: (() => boolean) | undefined;
  /** Sandbox of `spawn()` in which to run the job. Default: one of the pool. */
  readonly process?: Spawn | undefined;
  /**
   * Session of `openSession()` in which to run the job. Rejects with `SessionEnded` or `SessionBusy` if
   * it cannot be run there. Default: none.
   */
  readonly session?: EngineSession | undefined;
}

export type SpawnOptions = Pick<ExecuteOptions, "profile" | "queueTimeout" | "tenant">;

export type ReadResult = (text: string) => Promise<JsonText>;

export interface EngineStatus {
  readonly ready: boolean;
  /** Reason why it is not ready. */
  readonly reason?: string;
  readonly warm: number;
  readonly starting: number;
  readonly leased: number;
  /** Number of idle ones that have run a job and wait for `reuse`. */
  readonly kept: number;
  /** Number of jobs that wait for a sandbox. */
  readonly waiting: number;
  /** Number of database sessions that outlive their execution; absent where none can exist. */
  readonly survivors?: number | undefined;
}

/** Runs jobs at one level. The contract suite in tests/contract tests every engine. */
export interface Engine {
  readonly level: SandboxLevel;
  /**
   * Runs a job. Its own failure is an outcome. Rejects with an `IsolateError` if it could not be
   * run. That is `PayloadTooLarge` for a job over 64 MB, and `BadRequest` if its result may be over
   * 16 MB.
   */
  execute(job: Job, options: ExecuteOptions): Promise<Outcome>;
  status(): EngineStatus;
  /** Returns the confinement of a profile's sandboxes, where they are containers. */
  confinement?(profile: Profile): Confinement | undefined;
  /**
   * Keeps sandboxes warm from now on. Until then, each one is started for the execution that needs
   * it.
   */
  prewarm(): void;
  /**
   * Leases a sandbox until it is killed, or has run one job by `execute()`. Rejects with `HostBusy`
   * if none becomes free within `queueTimeout`.
   */
  spawn(options: SpawnOptions): Promise<Spawn>;
  /** Leases a sandbox for the jobs of one caller, as `spawn()` does. Makes a `worker` for them before. */
  openSession(options: SpawnOptions & { readonly worker?: WorkerGrant }): Promise<EngineSession>;
  /** Calls `listener` for each sandbox started from now on. */
  onSpawn(listener: (spawn: Spawn) => void): void;
  /**
   * Calls `listener` for each sandbox that ends from now on and has used resources since its last
   * job.
   */
  onIdleUsage(listener: (usage: IdleUsage) => void): void;
  /** Ends the sandboxes that are kept for further jobs of a tenant. Its code may go on in them. */
  endIdle(tenant: string): void;
  /** Destroys every sandbox. Running executions reject with `ShuttingDown`. */
  close(): Promise<void>;
}
