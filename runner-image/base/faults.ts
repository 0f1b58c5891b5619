import { clip, FAULT_LIMITS, MAX_FAULT_NAME, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import type { Fault } from "../../src/protocol/messages.ts";
import { FaultParts } from "./fault-parts.ts";
import {
  captureStack,
  defineProperty,
  isErrorOfAnyRealm,
  NativeError,
  toText,
} from "./primordials.ts";
import { named, readable, withPlace } from "./readable-stack.ts";
import { textOf } from "./text-of.ts";

/** Name of the fault for code that calls an exit function. */
export const EXIT = "ExitError";

/** A failure that the runner reports about user code. Its name is part of the public contract. */
export class RunnerFault extends NativeError {
  /** `thrower` is a function of the runner that code calls. The stack leaves out its frame. */
  constructor(name: string, message: string, thrower?: object) {
    super(message);
    // Not assigned: code may have frozen the prototype, and with it this name.
    const own = { __proto__: null, value: name, writable: true, configurable: true };
    defineProperty(this, "name", own as PropertyDescriptor);
    if (thrower !== undefined) captureStack(this, thrower);
  }
}

/** Returns the message of a thrown value. Never throws. */
export function described(thrown: unknown): string {
  try {
    return thrown instanceof NativeError ? toText(thrown.message) : toText(thrown);
  } catch {
    return "The thrown value cannot be described";
  }
}

/**
 * Describes a thrown value: name, message and stack, its cause, errors and other own fields. A value
 * that is not an `Error` becomes an `Exception` whose message is the value as text. Never throws,
 * even for a hostile getter.
 */
export function toFault(thrown: unknown, moduleUrl: string | undefined): Fault {
  let words: Fault;
  try {
    words = wordsOf(thrown, moduleUrl, MAX_FAULT_TEXT);
  } catch {
    return { name: "Exception", message: "The thrown value cannot be described" };
  }
  const parts = new FaultParts(isError, (value) => wordsOf(value, moduleUrl, FAULT_LIMITS.text));
  return { ...words, ...parts.of(thrown) };
}

function wordsOf(thrown: unknown, moduleUrl: string | undefined, most: number): Fault {
  if (!isError(thrown)) return { name: "Exception", message: clip(textOf(thrown), most) };
  const name = clip(toText(thrown.name), MAX_FAULT_NAME);
  const whole = toText(thrown.message);
  if (whole.length > ENDLESS) return { name, message: shortened(whole, most) };
  const text = named(clip(whole, MAX_FAULT_TEXT), moduleUrl);
  const placed = name === "SyntaxError" ? withPlace(text) : text;
  const message = clip(placed, most);
  const stack = thrown instanceof RunnerFault ? undefined : thrown.stack;
  // A syntax error has no frames: its stack repeats the message.
  if (typeof stack !== "string" || placed !== text) return { name, message };
  // Cut before it is searched: code may have set a text of any length.
  return { name, message, stack: clip(readable(clip(stack, LONGEST_STACK), moduleUrl), most) };
}

/** Characters of a stack that are read, the runner's frames included. */
const LONGEST_STACK = 4 * MAX_FAULT_TEXT;

/**
 * Characters of a message beyond which its stack, which repeats it, is not asked for. A text that
 * code has put together takes its memory only when it is read.
 */
const ENDLESS = 1_048_576;

/** Returns the beginning of the thrown error's message, and only the length of an inner one's. */
function shortened(message: string, most: number): string {
  return most === MAX_FAULT_TEXT ? clip(message, most) : `[${message.length} characters]`;
}

/** Tells errors, and objects that have the message and the stack of one. */
function isError(value: unknown): value is Error {
  if (value instanceof NativeError || isErrorOfAnyRealm?.(value) === true) return true;
  if (typeof value !== "object" || value === null) return false;
  const { message, stack } = value as Partial<Error>;
  return typeof message === "string" && typeof stack === "string";
}
