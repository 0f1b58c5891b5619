/**
 * Limits of an execution's output. The worker keeps to them. The sandbox's host process enforces
 * them against the worker, and the control plane against both.
 */
export interface OutputLimits {
  /** Most log entries; later ones are counted and dropped. */
  readonly logEntries: number;
  /** Most bytes of all log messages together; later entries are counted and dropped. */
  readonly logBytes: number;
  /** Most bytes of the result's JSON text and binary part; more is an `OutputLimitError`. */
  readonly resultBytes: number;
}

/** Ceiling of every execution; a host or a tenant may have fewer log entries. */
export const OUTPUT_LIMITS: OutputLimits = {
  logEntries: 1_000,
  logBytes: 1_048_576,
  resultBytes: 4_194_304,
};

/** Most bytes of a job as a sandbox gets it: its code, input, tools and attachments. */
export const MAX_JOB_BYTES = 67_108_864;

/** Largest bundle that a host may allow. It leaves half of a job to the input and the tools. */
export const MAX_BUNDLE_BYTES = 33_554_432;

/** Characters kept of one log message. An ellipsis replaces the rest. */
export const MAX_LOG_MESSAGE = 65_536;

/** Characters kept of an exception's name. Next: of its message and its stack. */
export const MAX_FAULT_NAME = 256;
export const MAX_FAULT_TEXT = 16_384;

/** Limits of what an exception carries beside its name, message and stack: causes, errors, details. */
export const FAULT_LIMITS = {
  /** Causes and inner errors in all, and how deep they are nested. */
  faults: 24,
  depth: 8,
  /** Characters of a nested message or stack. */
  text: 4_096,
  /** Characters of one text in the details. */
  detail: 2_048,
  /** Members of an object and items of an array in the details, and their nesting. */
  members: 32,
  nesting: 4,
  /** Characters of all of it as JSON before escaping. */
  characters: 32_768,
} as const;

/** Functions that the fault of a missing entry names. */
export const MAX_EXPORTS = 10;

/** Bytes of all that as JSON. A character takes six at most. */
export const MAX_FAULT_PARTS = FAULT_LIMITS.characters * 6;

/** Bytes that a frame needs beside its payload: prefix, header, and an escaped fault in it. */
export const FRAME_OVERHEAD = 262_144;

/**
 * Levels of nesting in an input or a result. Enough for data, and far from the end of any stack.
 */
export const MAX_DEPTH = 1_000;

/** Arrays and objects in a result. Parsing them costs far more than their bytes. */
export const MAX_CONTAINERS = 100_000;
/** Members of all objects of a result. */
export const MAX_NAMES = 200_000;

/**
 * Numbers and bigints that are keys of Maps or members of Sets, in a whole result. V8's hash of
 * numbers is known, so code can find any number of them that collide. These cost half a second.
 */
export const MAX_NUMERIC_KEYS = 10_000;

/** Largest `resultBytes` that a job may have. */
export const MAX_RESULT_BYTES = 16_777_216;

/** Limits of the `channel` tool for one execution. They are enforced at the same three places. */
export const CHANNEL_LIMITS = {
  /** Characters of a topic, at least one. */
  topicLength: 256,
  /** Bytes of one message as JSON text. */
  textBytes: 65_536,
  emits: 10_000,
  /** Topics subscribed to at the same time. */
  topics: 100,
  /** Subscriptions in all, repeated ones included. */
  subscriptions: 10_000,
  /** Messages that wait for the execution. One more drops the oldest. */
  queue: 100,
  /** Messages of the queue that may be on their way to the sandbox, where none can be dropped. */
  window: 8,
} as const;

/** Computes the largest frame that a control plane accepts from a sandbox with these limits. */
export function maxFrameBytes(limits: OutputLimits): number {
  return Math.max(limits.resultBytes, MAX_LOG_MESSAGE * 3) + FRAME_OVERHEAD;
}

// Captured while this module loads: in a worker, user code may replace the method later.
const slice = Function.prototype.call.bind(String.prototype.slice) as unknown as (
  text: string,
  start: number,
  end: number,
) => string;

/** Shortens `text` to `limit` characters. An ellipsis marks the cut. */
export function clip(text: string, limit: number): string {
  return text.length > limit ? `${slice(text, 0, limit - 1)}…` : text;
}
