import type { Fault } from "../../protocol/messages.ts";

/** How a sandbox's first process ended, as its parent saw it. */
export interface Exit {
  /** Exit code, 128 + signal for a signal. */
  readonly code: number;
  /** The kernel, or we, ended it for its memory. */
  readonly outOfMemory: boolean;
}

const SIGTRAP = 128 + 5;
const SIGABRT = 128 + 6;
const SIGILL = 128 + 4;

/** V8 ends the process by one of these when its heap limit is reached. */
const HEAP_EXHAUSTED: readonly number[] = [SIGTRAP, SIGABRT, SIGILL];

/** Says in the words of the public contract why a sandbox ended without a terminal word. */
export function exitFault(exit: Exit | undefined, megabytes: number): Fault {
  if (exit === undefined) {
    return { name: "CrashError", message: "The sandbox ended before the code had finished" };
  }
  if (exit.outOfMemory || HEAP_EXHAUSTED.includes(exit.code)) {
    return { name: "MemoryError", message: `Memory limit of ${megabytes} MB exceeded` };
  }
  const message = `The sandbox ended before the code had finished (exit code ${exit.code})`;
  return { name: "CrashError", message };
}
