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
/** Where the modules of the database tool are, or what the script of them is called. */
const DATABASE_URL = RUNNER_URL.replace(/[^/:]*$/, "database");

/** What a frame begins with, in a stack. */
const FRAME = "\n    at ";

/** Name of the fault of code that asks to be ended. */
export const EXIT = "ExitError";

/** A failure the runner itself reports about user code, under a name of the public contract. */
export class RunnerFault extends NativeError {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * Describes anything user code can throw, as name, message and stack. Whatever is not an `Error`
 * is an `Exception` whose message is the value as text. Never throws, even for a hostile getter.
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
 * The stack as its author would see it, in `main.ts`: down to the first frame of the runner. Those at its top are
 * where the runner guards a function of the runtime, and are left out.
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

/** A stack without the frames of the runner that are above all others. */
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

/** Where the line ends that a text begins with, after its line break. */
function lineEnd(text: string): number {
  const end = indexOfText(text, "\n", 1);
  return end < 0 ? text.length : end;
}

/** The lines of a text that do not hold `part`. */
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
