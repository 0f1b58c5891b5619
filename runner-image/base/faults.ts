import { clip, MAX_FAULT_NAME, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import { type Fault, MODULE_NAME } from "../../src/protocol/messages.ts";
import {
  indexOfText,
  lastIndexOfText,
  most,
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

/**
 * Returns a text of the console as the author of `main.ts` knows its stacks: without the frames of
 * the runner. It may hold several stacks, and more after the last frame of each.
 */
export function authorText(text: string, moduleUrl: string | undefined): string {
  let own = text;
  for (let at = indexOfText(own, RUNNER_URL); at >= 0; ) {
    const start = lastIndexOfText(own, "\n", at);
    const line = most(start, 0) + lineEnd(sliceText(own, most(start, 0)));
    if (start < 0 || !isFrame(sliceText(own, start, at))) {
      at = indexOfText(own, RUNNER_URL, at + 1);
      continue;
    }
    own = sliceText(own, 0, start) + afterFrame(sliceText(own, start, line)) + sliceText(own, line);
    at = indexOfText(own, RUNNER_URL, start);
  }
  return moduleUrl === undefined ? own : replaceAllText(own, moduleUrl, MODULE_NAME);
}

/** Tells whether the beginning of a line, up to its URL, is that of a stack's frame. */
function isFrame(line: string): boolean {
  for (let i = 1; i < line.length; i += 1) {
    if (line[i] !== " ") return sliceText(line, i, i + 3) === "at ";
  }
  return false;
}

/** Returns the brackets and commas after the place of a frame: more of the value follows there. */
function afterFrame(line: string): string {
  let from = line.length;
  while (from > 0 && indexOfText(" {}[],", line[from - 1] as string) >= 0) from -= 1;
  return sliceText(line, from);
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
