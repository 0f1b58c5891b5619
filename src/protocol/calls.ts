/** Calls of code to functions of its caller, as they travel between the worker and the control plane. */
import type { Frame } from "./frames.ts";

/** Name of the tool that calls functions of the caller. No custom tool can have it. */
export const CALLS_TOOL = "(functions)";

/** Global by which code calls them. */
export const CALLS_GLOBAL = "tools";

/** Names of functions: identifiers of the language, in ASCII. */
export const FUNCTION_NAME = /^(?!__proto__$)[A-Za-z_$][\w$]{0,63}$/;

/** Limits of the calls of one execution. They are enforced at the same three places as the log's. */
export const CALL_LIMITS = {
  /** Functions that a request may declare, and bytes of their declarations as JSON. */
  functions: 64,
  declarationBytes: 16_384,
  /** Calls in all, and those without an answer. Further ones wait in the worker. */
  calls: 1_000,
  atOnce: 32,
  /** Bytes of the arguments of one call as JSON text, and of all calls without an answer. */
  argsBytes: 1_048_576,
  bytesAtOnce: 4_194_304,
  /** Bytes of an answer as JSON text. */
  answerBytes: 1_048_576,
} as const;

/** Configuration of the tool: names of the functions. */
export interface CallsConfig {
  readonly names: readonly string[];
}

/** A call of code. Its number counts the calls of a job from one. `text` is JSON. */
export interface CallRequest {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

/** Answer of the caller: a result, or the name and message of its error, as JSON text. */
export interface CallAnswer {
  readonly number: number;
  readonly failed: boolean;
  readonly text: string;
}

/** An answer as the worker receives it. */
export interface AnswerMessage extends CallAnswer {
  readonly type: "answer";
}

/** End of an answer: it was sent, no such call is open, or its sandbox reads too slowly. */
export type Answered = "sent" | "unknown" | "busy";

const decoder = new TextDecoder();

/** Reads a call, or returns `undefined` for one that our runner never sends. */
export function readCall({ header, payload }: Frame): CallRequest | undefined {
  const { number, name } = header;
  if (!Number.isSafeInteger(number) || typeof name !== "string") return undefined;
  if (payload.length > CALL_LIMITS.argsBytes) return undefined;
  return { number: number as number, name, text: decoder.decode(payload) };
}
