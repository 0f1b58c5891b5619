/**
 * What one execution may send back. The worker keeps to these limits, the sandbox's host process
 * enforces them against the worker, and the control plane enforces them against both.
 */
export interface OutputLimits {
  /** Log entries kept; later ones are counted and dropped. */
  readonly logEntries: number;
  /** Bytes of all log messages together; later entries are counted and dropped. */
  readonly logBytes: number;
  /** Bytes of the result as JSON text, and of what is binary in it; more is an `OutputLimitError`. */
  readonly resultBytes: number;
}

export const DEFAULT_OUTPUT_LIMITS: OutputLimits = {
  logEntries: 1_000,
  logBytes: 1_048_576,
  resultBytes: 4_194_304,
};

/** Bytes of a job as it is handed to a sandbox: its code, input, tools and attachments. */
export const MAX_JOB_BYTES = 67_108_864;

/** Characters kept of one log message; the rest is replaced by an ellipsis. */
export const MAX_LOG_MESSAGE = 65_536;

/** Characters kept of an exception's name, message and stack. */
export const MAX_FAULT_NAME = 256;
export const MAX_FAULT_TEXT = 16_384;

/** Room a frame needs beside its payload: prefix, header, and an escaped fault in it. */
export const FRAME_OVERHEAD = 262_144;

/** Levels of nesting in an input or a result, deep enough for data and far from any stack's end. */
export const MAX_DEPTH = 1_000;

/** Arrays and objects in a result: parsing them is what costs, far more than their bytes. */
export const MAX_CONTAINERS = 100_000;
/** Members of all objects of a result. */
export const MAX_NAMES = 200_000;

/**
 * Numbers and bigints that are keys of Maps or members of Sets, in a whole result. How V8 hashes
 * them is known: code can find as many as it likes that collide, and these cost half a second.
 */
export const MAX_NUMERIC_KEYS = 10_000;

/** The most that a job may have `resultBytes` be. */
export const MAX_RESULT_BYTES = 16_777_216;

/** What one execution may do with the `channel` tool. Enforced at each of the three places, too. */
export const CHANNEL_LIMITS = {
  /** Characters of a topic, at least one. */
  topicLength: 256,
  /** Bytes of one message as JSON text. */
  textBytes: 65_536,
  emits: 10_000,
  /** Topics subscribed to at the same time. */
  topics: 100,
  /** Topics subscribed to one after another, the same ones again included. */
  subscriptions: 10_000,
  /** Messages waiting for the execution; one more, and the oldest is lost. */
  queue: 100,
  /** Those of them that may be on their way to it, where none can be taken back. */
  window: 8,
} as const;

/** The largest frame a control plane accepts from a sandbox with these limits. */
export function maxFrameBytes(limits: OutputLimits): number {
  return Math.max(limits.resultBytes, MAX_LOG_MESSAGE * 3) + FRAME_OVERHEAD;
}

// Captured while this module loads: in a worker, user code may replace the method later.
const slice = Function.prototype.call.bind(String.prototype.slice) as unknown as (
  text: string,
  start: number,
  end: number,
) => string;

/** Shortens `text` to `limit` characters, an ellipsis marking the cut. */
export function clip(text: string, limit: number): string {
  return text.length > limit ? `${slice(text, 0, limit - 1)}…` : text;
}
