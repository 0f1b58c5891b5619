import { clip, MAX_FAULT_NAME, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import { type Fault, MODULE_NAME } from "../../src/protocol/messages.ts";
import {
  indexOfText,
  lastIndexOfText,
  NativeError,
  replaceAllText,
  sliceText,
  toText,
} from "./primordials.ts";

const RUNNER_URL = import.meta.url;
/** URL of the database tool's modules, and also the prefix of its script's name. */
const DATABASE_URL = RUNNER_URL.replace(/[^/:]*$/, "database");

/** Text that begins each frame of a stack. */
const FRAME = "\n    at ";

/** Name of the fault for code that calls an exit function. */
export const EXIT = "ExitError";

/** A failure that the runner reports about user code. Its name is part of the public contract. */
export class RunnerFault extends NativeError {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
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
 * Describes a thrown value as name, message and stack. A value that is not an `Error` becomes an
 * `Exception` whose message is the value as text. Never throws, even for a hostile getter.
 */
export function toFault(thrown: unknown, moduleUrl: string | undefined): Fault {
  try {
    if (!(thrown instanceof NativeError)) {
      return { name: "Exception", message: clip(describe(thrown), MAX_FAULT_TEXT) };
    }
    const name = clip(toText(thrown.name), MAX_FAULT_NAME);
    const message = clip(toText(thrown.message), MAX_FAULT_TEXT);
    if (thrown instanceof RunnerFault || typeof thrown.stack !== "string") return { name, message };
    return { name, message, stack: clip(readable(thrown.stack, moduleUrl), MAX_FAULT_TEXT) };
  } catch {
    return { name: "Exception", message: "The thrown value cannot be described" };
  }
}

function describe(thrown: unknown): string {
  return typeof thrown === "object" && thrown !== null && "message" in thrown
    ? toText(thrown.message)
    : toText(thrown);
}

/**
 * Returns the stack as the author of `main.ts` knows it: cut before the first frame of the runner.
 * Runner frames at the very top are left out first: there the runner wraps a function of the
 * runtime.
 */
function readable(stack: string, moduleUrl: string | undefined): string {
  const called = withoutGuards(stack);
  const runner = indexOfText(called, RUNNER_URL, indexOfText(called, FRAME));
  const own = runner < 0 ? called : sliceText(called, 0, lastIndexOfText(called, "\n", runner));
  const stackOfCode = withoutLines(own, DATABASE_URL);
  return moduleUrl === undefined
    ? stackOfCode
    : replaceAllText(stackOfCode, moduleUrl, MODULE_NAME);
}

/** Removes the frames of the runner at the top of a stack. */
function withoutGuards(stack: string): string {
  const top = indexOfText(stack, FRAME);
  if (top < 0) return stack;
  let rest = sliceText(stack, top);
  for (let end = lineEnd(rest); indexOfText(sliceText(rest, 0, end), RUNNER_URL) >= 0; ) {
    rest = sliceText(rest, end);
    end = lineEnd(rest);
  }
  return sliceText(stack, 0, top) + rest;
}

/** Returns the index at which the first line of a text ends, after its line break. */
function lineEnd(text: string): number {
  const end = indexOfText(text, "\n", 1);
  return end < 0 ? text.length : end;
}

/** Returns the lines of a text that do not contain `part`. */
function withoutLines(text: string, part: string): string {
  let kept = "";
  let from = 0;
  for (let at = indexOfText(text, part); at >= 0; at = indexOfText(text, part, from)) {
    kept += sliceText(text, from, lastIndexOfText(text, "\n", at) + 1);
    const end = indexOfText(text, "\n", at);
    if (end < 0) return sliceText(kept, 0, -1);
    from = end + 1;
  }
  return kept + sliceText(text, from);
}
