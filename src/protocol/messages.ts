/** What the frames of a control socket carry. Shared by the control plane and the sandbox. */
import type { Grants, WorkerGrant } from "./grants.ts";
import type { HttpJob, ResponseHead } from "./http.ts";
import type { OutputLimits } from "./limits.ts";

/** What user code's own module is called in a stack, at every level. */
export const MODULE_NAME = "main.ts";

export const CONSOLE_LEVELS = ["log", "info", "warn", "error"] as const;

export type ConsoleLevel = (typeof CONSOLE_LEVELS)[number];

/** How a result is written: as JSON, or so that it can be read as it was (src/protocol/rich.ts). */
export type ResultForm = "json" | "rich";

/** A tool a job uses, with the host's settings for it. */
export interface ToolUse {
  readonly name: string;
  readonly config: unknown;
  /** The text of a module, which `evaluate()` runs: a custom tool's, or the database's schemas. */
  readonly module?: string;
  /** The set-up of a tool that is an object of the host's process; it goes into no frame. */
  readonly setup?: (globals: Record<string, unknown>) => unknown;
}

/** A tool in a `job` header. */
export interface ToolHeader {
  readonly name: string;
  readonly config: unknown;
  /** Absent for a tool without a module. */
  readonly moduleBytes?: number;
}

/**
 * `job` header. Its payload is the code, the input as JSON text, the modules of the tools in their
 * order, and the attachments; each of them as many bytes long as the header says.
 */
export interface JobHeader {
  readonly entry: string;
  readonly codeBytes: number;
  /** Absent when the caller sent no input at all, so that the entry is called without arguments. */
  readonly inputBytes?: number;
  readonly tools: readonly ToolHeader[];
  /** Absent for a job without attachments. */
  readonly attachmentBytes?: readonly number[];
  readonly limits: OutputLimits;
  /** Absent for `json`. */
  readonly result?: ResultForm;
  /** Whether a job may follow that calls the same module again, and brings no code then. */
  readonly reuse?: boolean;
  /** Absent for a job whose entry is called with its input. */
  readonly httpRequest?: HttpJob;
  /** Absent for a job that is granted nothing: the worker that is there will do. */
  readonly grants?: Grants;
}

/** `prepare` header: what a job that comes soon is likely to be granted. */
export interface PrepareHeader {
  readonly worker: WorkerGrant;
}

/** A job as the worker receives it. */
export interface WorkerJob {
  readonly type: "job";
  readonly entry: string;
  readonly code: string;
  readonly input: string | undefined;
  readonly tools: readonly ToolUse[];
  /** Arguments behind the input; each the only view of its buffer, so that it can be handed on. */
  readonly attachments?: readonly Uint8Array[];
  readonly limits: OutputLimits;
  readonly result?: ResultForm;
  readonly reuse?: boolean;
  /** The entry gets a `Request` in place of its arguments, with the first attachment as its body. */
  readonly httpRequest?: HttpJob;
  /** Loopback ports that lead to one `host:port` each; in no frame, the sandbox opens them itself. */
  readonly tunnels?: ReadonlyMap<string, number>;
}

/** Why code failed: an exception's own words, all of them the sandbox's claim. */
export interface Fault {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** What code does with the `channel` tool, and that it has handled a message it was sent. */
export type ChannelRequest =
  | { readonly op: "emit"; readonly topic: string; readonly text: string }
  | { readonly op: "on" | "off"; readonly topic: string }
  | { readonly op: "taken" };

/** A message that another execution emitted, as the worker receives it; its data is JSON text. */
export interface ChannelMessage {
  readonly type: "channel";
  readonly topic: string;
  readonly text: string;
}

/** The last word about a job, of the worker and of its sandbox. */
export type JobAnswer =
  | {
      readonly type: "result";
      readonly text: string | undefined;
      /** What is binary in a rich result. */
      readonly binary?: Uint8Array;
      readonly dropped: number;
      /** Whether the code is there to be called again. */
      readonly reusable?: boolean;
    }
  | {
      readonly type: "error";
      readonly fault: Fault;
      readonly dropped: number;
      readonly reusable?: boolean;
    };

/** What the worker tells the sandbox's host process, and that one the control plane. */
export type WorkerMessage =
  | { readonly type: "ready" }
  /** Code has failed after its run had ended: no other one is to start here. */
  | { readonly type: "spoiled" }
  | { readonly type: "log"; readonly level: ConsoleLevel; readonly message: string }
  | { readonly type: "dropped"; readonly count: number }
  | ({ readonly type: "channel" } & ChannelRequest)
  | ({ readonly type: "head" } & ResponseHead)
  /** A part of a response's body, in a buffer of its own. */
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  | JobAnswer;
