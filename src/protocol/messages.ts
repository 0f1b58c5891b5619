/** Contents of the frames of a control socket, shared by the control plane and the sandbox. */
import type { AnswerMessage, CallRequest } from "./calls.ts";
import type { FilesHeader } from "./exchanged-files.ts";
import type { Grants, WorkerGrant } from "./grants.ts";
import type { CreditMessage, HttpJob, ResponseHead } from "./http.ts";
import type { OutputLimits } from "./limits.ts";
import type { SocketMessage, SocketPart } from "./socket.ts";

/** Name of user code's module in a stack, at every level. */
export const MODULE_NAME = "main.ts";

/** URL of user code's module, which `import.meta.url` has. No file is there. */
export const MODULE_URL = `file:///${MODULE_NAME}`;

export const LANGUAGES = ["javascript", "typescript"] as const;

/** Language of code. Default: TypeScript where it does not parse as JavaScript. */
export type Language = (typeof LANGUAGES)[number];

export const CONSOLE_LEVELS = ["log", "info", "warn", "error"] as const;

/** Streams of a process. */
export const OUTPUT_STREAMS = ["stdout", "stderr"] as const;

export type OutputStream = (typeof OUTPUT_STREAMS)[number];

export type ConsoleLevel = (typeof CONSOLE_LEVELS)[number];

/** Form of a written result: JSON, or readable as the value it was (src/protocol/rich.ts). */
export type ResultForm = "json" | "rich";

/** A tool a job uses, with the host's settings for it. */
export interface ToolUse {
  readonly name: string;
  readonly config: unknown;
  /** Text of a module for `evaluate()`: a custom tool's, or the database's schemas. */
  readonly module?: string;
  /** Set-up function of a tool that is an object of the host's process. It goes into no frame. */
  readonly setup?: (globals: Record<string, unknown>) => unknown;
}

/** A tool in a `job` header. */
export interface ToolHeader {
  readonly name: string;
  readonly config: unknown;
  /** Default: a tool without a module. */
  readonly moduleBytes?: number;
}

/**
 * Header of a `job` frame. The payload holds the code, the input as text, the tools'
 * modules in their order, the attachments and the files. The header has the length of each in bytes.
 */
export interface JobHeader {
  readonly entry: string;
  readonly codeBytes: number;
  readonly language?: Language | undefined;
  /** Default `MODULE_URL`. A worker loads a URL once, so jobs ahead of the real one have their own. */
  readonly moduleUrl?: string;
  /** Default: the caller sent no input, so the entry is called without arguments. */
  readonly inputBytes?: number;
  /** Argument after the input, as JSON text: facts about a call that no caller made. Default: none. */
  readonly callContext?: string;
  readonly tools: readonly ToolHeader[];
  /** Default: a job without attachments. */
  readonly attachmentBytes?: readonly number[];
  readonly limits: OutputLimits;
  /** Default `json`. */
  readonly result?: ResultForm;
  /** True if a later job may call the same module again without sending its code. */
  readonly reuse?: boolean;
  /** True if a later job of the same session has other code for the same worker. */
  readonly session?: boolean;
  /** Default: the entry is called with its input. */
  readonly httpRequest?: HttpJob;
  /** Default: a job without grants, which any worker can run. */
  readonly grants?: Grants;
  /** Default: a job that is given no files and leaves none. */
  readonly files?: FilesHeader;
}

/** Header of a `prepare` frame: the likely grants of the next job. */
export interface PrepareHeader {
  readonly worker: WorkerGrant;
}

/**
 * Steps between two executions of a tenant. `end` ends all workers of the sandbox. `wipe` follows
 * once they are known to be gone, and removes what they have left in the process.
 */
export type RenewStep = "end" | "wipe";

/** Header of a `renew` frame. The sandbox answers each step with a `renewed` frame. */
export interface RenewHeader {
  readonly step: RenewStep;
}

/**
 * Header of a `take` frame, which answers a `stopped` one: the sandbox has asked its workers to end.
 */
export interface TakeHeader {
  /** False if one goes on, so that no file is taken. */
  readonly ended: boolean;
}

/** A job as the worker receives it. */
export interface WorkerJob {
  readonly type: "job";
  readonly entry: string;
  /** Empty if the worker has loaded it, or gets its bytes. */
  readonly code: string;
  /** Long code in UTF-8. A message between threads hands bytes over, but copies a text. */
  readonly codeBytes?: Uint8Array | undefined;
  readonly language?: Language | undefined;
  readonly moduleUrl?: string;
  readonly input: string | undefined;
  /** JSON text of the argument after the input. A job with attachments has none. */
  readonly callContext?: string | undefined;
  readonly tools: readonly ToolUse[];
  /**
   * Arguments after the input. Each is the only view of its buffer, so that it can be transferred.
   */
  readonly attachments?: readonly Uint8Array[];
  readonly limits: OutputLimits;
  readonly result?: ResultForm;
  readonly reuse?: boolean;
  /** True if the job has code of its own, and keeps the globals of the jobs before it. */
  readonly session?: boolean;
  /** Request that the entry gets in place of its arguments. The first attachment is its body. */
  readonly httpRequest?: HttpJob;
  /**
   * Loopback ports that lead to one `host:port` each. The sandbox opens them; no frame has them.
   */
  readonly tunnels?: ReadonlyMap<string, number>;
}

export const FAULT_PARTS = ["cause", "errors", "details"] as const;

/** Part of a fault beside its words. */
export type FaultPart = (typeof FAULT_PARTS)[number];

/** Failure of code: the words of an exception, all of them claims of the sandbox. */
export interface Fault {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: Fault;
  /** Inner errors of an `AggregateError`, or the two of a `SuppressedError`. */
  readonly errors?: Fault[];
  /** Other own fields of the thrown object, such as `code`, as far as JSON holds them. */
  readonly details?: Record<string, unknown>;
  /** Parts of which something was left out for a limit. */
  readonly truncated?: FaultPart[];
}

/** Requests of code to the `channel` tool. `taken` says that a message has been handled. */
export type ChannelRequest =
  | { readonly op: "emit"; readonly topic: string; readonly text: string }
  | { readonly op: "on" | "off"; readonly topic: string }
  | { readonly op: "taken" };

/** A message of another execution, as the worker receives it. Its data is JSON text. */
export interface ChannelMessage {
  readonly type: "channel";
  readonly topic: string;
  readonly text: string;
}

/** Asks a lingering run for its result at once, because its time is up. */
export interface FinishMessage {
  readonly type: "finish";
}

/** Messages to a worker while its job runs. */
export type RunMessage =
  | AnswerMessage
  | ChannelMessage
  | CreditMessage
  | FinishMessage
  | SocketMessage;

/** Final message about a job, from the worker and from its sandbox. */
export type JobAnswer =
  | {
      readonly type: "result";
      readonly text: string | undefined;
      /** Binary part of a rich result. */
      readonly binary?: Uint8Array;
      readonly dropped: number;
      /** True if the code can be called again. */
      readonly reusable?: boolean;
      /** Names of variables that the code read from `process.env` without a grant. */
      readonly ungranted?: readonly string[];
    }
  | {
      readonly type: "error";
      readonly fault: Fault;
      readonly dropped: number;
      readonly reusable?: boolean;
      readonly ungranted?: readonly string[];
    };

/** Messages from the worker to the sandbox's host process, and from there to the control plane. */
export type WorkerMessage =
  | { readonly type: "ready" }
  /** Code has failed after its run had ended, so no other run may start here. */
  | { readonly type: "spoiled" }
  /** The entry has returned nothing. Intervals or subscriptions of it go on. */
  | { readonly type: "lingering" }
  | {
      readonly type: "log";
      readonly level: ConsoleLevel;
      readonly message: string;
      /** Stream that the code has written to. Default: a method of the console. */
      readonly stream?: OutputStream;
    }
  | { readonly type: "dropped"; readonly count: number }
  /** A URL of a blob that code has made, or given back. The process keeps it beyond the worker. */
  | { readonly type: "url"; readonly url: string; readonly gone: boolean }
  | ({ readonly type: "channel" } & ChannelRequest)
  /** Code calls a function of its caller. */
  | ({ readonly type: "call" } & CallRequest)
  | ({ readonly type: "head" } & ResponseHead)
  /** A part of a response's body, in a buffer of its own. */
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  | ({ readonly type: "socket" } & SocketPart)
  | JobAnswer;
