import type { JsonText } from "../../base/json-text.ts";
import type { EgressReport } from "../../egress-client/egress.ts";
import type { Confinement } from "../../permissions/confinement.ts";
import type { DatabaseGrant } from "../../protocol/database-target.ts";
import type { Grants } from "../../protocol/grants.ts";
import type { HttpJob } from "../../protocol/http.ts";
import type { OutputLimits } from "../../protocol/limits.ts";
import type {
  ChannelRequest,
  Fault,
  JobAnswer,
  ResultForm,
  ToolUse,
} from "../../protocol/messages.ts";
import type { Denial, LogEntry, Observer, SandboxLevel, Usage } from "../../request/types.ts";
import type { Meter } from "../metering/meter.ts";
import type { HttpDelivery, HttpReceiver } from "./http-delivery.ts";

/** Everything about a sandbox that is fixed when it is created. */
export interface Profile {
  /** Megabytes. */
  readonly memory: number;
  /** Cores, fractions allowed. */
  readonly cpus: number;
  /** Directories of the host's that a container sees, read-only. Default none. */
  readonly mounts?: readonly Mount[];
  /** Whether a process has the host's network, which one at level `isolated` is granted. Default false. */
  readonly network?: boolean;
}

export interface Mount {
  /** Path on the host. */
  readonly source: string;
  /** Path in the sandbox. */
  readonly target: string;
}

/** Two profiles share their warm sandboxes exactly if their keys are equal. */
export function profileKey(profile: Profile): string {
  const { memory, cpus, mounts = [], network = false } = profile;
  const targets = mounts.map(({ target }) => target).sort();
  return [`${memory}MB/${cpus}cpu`, ...(network ? ["network"] : []), ...targets].join(":");
}

/** One piece of code to run once. */
export interface Job {
  readonly code: string;
  readonly entry: string;
  /** JSON text; `undefined` calls the entry without arguments. */
  readonly input: string | undefined;
  /** The entry's arguments behind the input, as new arrays of its own. Default none. */
  readonly attachments?: readonly Uint8Array[];
  readonly tools: readonly ToolUse[];
  readonly limits: OutputLimits;
  /**
   * How the entry's value comes back. `json`, the default: as JSON has it. `rich`: as it was, with
   * `undefined`, bigints, dates, Maps, Sets, binary values and every number, nested anywhere.
   */
  readonly result?: ResultForm;
  /**
   * The request the entry is called with, in place of its arguments: as a `Request` whose body is the
   * first attachment. It returns a `Response`, and the outcome has no result.
   */
  readonly httpRequest?: HttpJob;
  /** Absent for what is granted nothing. */
  readonly grants?: JobGrants | undefined;
}

/** A job on its way into a sandbox. */
export interface SandboxJob extends Job {
  /** Whose it is, for the proxy's record; the sandbox is not told. */
  readonly tenant?: string | undefined;
  /** Whether the same code may be run there again, calling the module that is loaded then. */
  readonly reuse?: boolean;
}

/** What a job may reach: what the sandbox is told, and what is done outside of it. */
export interface JobGrants extends Omit<Grants, "proxy"> {
  /** Hosts the egress proxy lets the job reach; `null` gives it no way there. */
  readonly egress: readonly string[] | null;
  /** The tenant's database, if the job may use it. */
  readonly database?: DatabaseGrant | undefined;
}

/** How a job ended in a sandbox, with a word of that or without. */
export type Ending =
  | JobAnswer
  /** It has not called the code: what it ran before has spoiled it. */
  | { readonly type: "declined" }
  | { readonly type: "closed" };

/** What a sandbox says while its job runs. */
export interface RunEvents {
  onLog(entry: LogEntry | { dropped: number }): void;
  /** Left out, what is said to channels goes nowhere. */
  onChannel?: ((request: ChannelRequest) => void) | undefined;
  /** Where the response of a job with `httpRequest` goes. */
  readonly delivery?: HttpDelivery | undefined;
  /** Told of what the proxy refuses, each time; of what it does not keep up with, it says nothing. */
  onRefused?: ((denial: Denial) => void) | undefined;
  /** Told of all that went through the proxy, and did not, before the run's end. */
  onEgress?: ((report: EgressReport) => void) | undefined;
}

/** A running, isolated runtime that takes one job, or one with `reuse` again and again. */
export interface Sandbox {
  readonly id: string;
  readonly profile: Profile;
  /** Resolves once the sandbox can take no job any more, for whatever reason. */
  readonly closed: Promise<void>;
  /**
   * Hands the job in; log entries arrive before the returned promise resolves. Rejects with an
   * `IsolateError` if what the job is granted cannot be given, and never otherwise.
   * After `timeLeft` ms nobody waits for it any more.
   */
  run(job: SandboxJob, events: RunEvents, timeLeft: number): Promise<Ending>;
  /** Sends a message to the running job's channel; false if it is lost. Never blocks or throws. */
  sendChannel(topic: string, text: string): boolean;
  /** Lets the running job send so much more of its response. Never blocks or throws. */
  sendCredit(bytes: number): void;
  /** What measures its jobs; absent where nothing can. */
  readonly meter?: Meter | undefined;
  /** Closes the running job's ways out; it hears of `onEgress` before this resolves. */
  cut?(): Promise<void>;
  /** Says that it is kept: what its code computes until the next `run()` is held to a part of a core. */
  idle?(): void;
  /** Rejects unless the sandbox answers within `timeout` ms. */
  ping(timeout: number): Promise<void>;
  /** What ended a sandbox whose connection closed without a terminal word. */
  diagnose(): Promise<Fault>;
  /** Ends it and removes all that belonged to it. Idempotent; rejects if something is left. */
  destroy(): Promise<void>;
}

/** What is told about a sandbox that has been started. */
export interface Spawn {
  readonly id: string;
  readonly level: SandboxLevel;
  readonly profile: Profile;
}

/** What a sandbox has taken that no outcome tells of: after its last one. */
export interface IdleUsage {
  readonly level: SandboxLevel;
  readonly tenant: string;
  /** Milliseconds of processor time. */
  readonly cpu: number;
}

/** Starts sandboxes of one kind. */
export interface Launcher {
  readonly level: SandboxLevel;
  /** Database sessions that outlive their execution; absent where it knows of none. */
  readonly survivors?: number | undefined;
  /** What sandboxes of a profile are created with, where they are containers. */
  confinement?(profile: Profile): Confinement;
  /** Resolves when the sandbox is ready for its job; rejects with nothing left behind. */
  launch(profile: Profile): Promise<Sandbox>;
  /** Removes what is not one sandbox's, once those are gone. */
  close?(): Promise<void>;
}

export type Status = "ok" | "error" | "timeout" | "crash";

export interface Outcome {
  readonly status: Status;
  /** The result's value; absent for `undefined`. */
  readonly result?: unknown;
  readonly fault?: Fault;
  readonly logs: LogEntry[];
  readonly logsDropped: number;
  /** What is known to have been refused; absent is none. */
  readonly denied?: readonly Denial[];
  /** Milliseconds, rounded. */
  readonly duration: number;
  /** What the job took; absent where nothing was measured. */
  readonly usage?: JobUsage;
}

/** `Usage` but for what only the request's beginning tells. */
export type JobUsage = Omit<Usage, "wall">;

/** An execution's part in the channels of its tenant: `Membership` in src/channels/channels.ts. */
export interface ChannelLine {
  /** Called once, with the way to the sandbox, before that can ask for anything. */
  connect(send: (topic: string, text: string) => boolean): void;
  receive(request: ChannelRequest): void;
}

export interface ExecuteOptions {
  readonly profile: Profile;
  /** Milliseconds; time spent waiting for a sandbox counts. */
  readonly timeout: number;
  /** Whose execution it is: sandboxes go to tenants in turn. Default: the host's only one. */
  readonly tenant?: string | undefined;
  /** Destroys the sandbox and rejects with `Aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Has the job run in a sandbox that has run this key before and is idle, if there is one: the entry
   * of the module that is loaded there is called again, with all the state it has. Any other sandbox
   * it runs in is kept for the key afterwards. `reuseKey()` makes the key, which stands for the
   * tenant, the code and all it is granted. Jobs with tools other than `crypto` and `database` are refused with
   * `BadRequest`.
   */
  readonly reuse?: { readonly key: string } | undefined;
  /** For a job with the tool `channel`; without it, that tool's messages go nowhere. */
  readonly channel?: ChannelLine | undefined;
  /** Told of each entry of the outcome's logs, of what the code emits, and of what it is denied. */
  readonly observer?: Observer | undefined;
  /** For a job with `httpRequest`. */
  readonly responseReceiver?: HttpReceiver | undefined;
  /** Reads results that are large: elsewhere than on this loop. Rejects for what is no JSON. */
  readonly readResult?: ReadResult | undefined;
}

export type ReadResult = (text: string) => Promise<JsonText>;

export interface EngineStatus {
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
  readonly warm: number;
  readonly starting: number;
  readonly leased: number;
  /** Idle ones that have run something, for `reuse`. */
  readonly kept: number;
  /** Jobs that wait for one. */
  readonly waiting: number;
  /** Database sessions that outlive their execution; absent where there are none. */
  readonly survivors?: number | undefined;
}

/** Runs jobs at one level. The contract suite in tests/contract holds every engine to it. */
export interface Engine {
  readonly level: SandboxLevel;
  /**
   * Rejects with an `IsolateError` if the job could not be run: `PayloadTooLarge` if it is more than
   * 64 MB, `BadRequest` if its result may be more than 16 MB; its own failure is an outcome.
   */
  execute(job: Job, options: ExecuteOptions): Promise<Outcome>;
  status(): EngineStatus;
  /** What sandboxes of a profile are created with, where they are containers. */
  confinement?(profile: Profile): Confinement | undefined;
  /** Keeps sandboxes warm from now on. Until then, each is started for the execution that asks for it. */
  prewarm(): void;
  /** Has `listener` told of each sandbox started from now on. */
  onSpawn(listener: (spawn: Spawn) => void): void;
  /** Has `listener` told of each sandbox that ends from now on and has taken something unaccounted for. */
  onIdleUsage(listener: (usage: IdleUsage) => void): void;
  /** Destroys every sandbox; executions still running reject with `ShuttingDown`. */
  close(): Promise<void>;
}
