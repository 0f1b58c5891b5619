import { clip, MAX_FAULT_NAME, MAX_FAULT_TEXT } from "../src/protocol/limits.ts";
import { type Fault, MODULE_NAME } from "../src/protocol/messages.ts";
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
 * The stack as its author would see it, in `main.ts`: without the runner's frames, and what is below the
 * first of them that has none of the code's below it. Frames of the runner are above those of code where it
 * guards a function of the runtime.
 */
function readable(stack: string, moduleUrl: string | undefined): string {
  const lastOfCode = moduleUrl === undefined ? -1 : lastIndexOfText(stack, moduleUrl);
  const runner = lastOfCode < 0 ? -1 : indexOfText(stack, RUNNER_URL, lastOfCode);
  const above = runner < 0 ? stack : sliceText(stack, 0, lastIndexOfText(stack, "\n", runner));
  const stackOfCode = withoutLines(withoutLines(above, RUNNER_URL), DATABASE_URL);
  return moduleUrl === undefined
    ? stackOfCode
    : replaceAllText(stackOfCode, moduleUrl, MODULE_NAME);
}

/** The lines of a text that do not hold `part`. */
function withoutLines(text: string, part: string): string {
  let kept = text;
  for (let at = indexOfText(kept, part); at >= 0; at = indexOfText(kept, part)) {
    const end = indexOfText(kept, "\n", at);
    const before = sliceText(kept, 0, lastIndexOfText(kept, "\n", at));
    kept = end < 0 ? before : before + sliceText(kept, end);
  }
  return kept;
}
