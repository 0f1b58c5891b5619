import type { Fault } from "../../protocol/messages.ts";

/** End of a sandbox's first process, as its parent saw it. */
export interface Exit {
  /** Exit code, 128 + signal for a signal. */
  readonly code: number;
  /** True if the kernel or Isolate killed it because of its memory. */
  readonly outOfMemory: boolean;
}

const SIGTRAP = 128 + 5;
const SIGABRT = 128 + 6;
const SIGILL = 128 + 4;

/** Exit codes with which V8 ends the process at its heap limit. */
const HEAP_EXHAUSTED: readonly number[] = [SIGTRAP, SIGABRT, SIGILL];

/**
 * Builds the fault of a sandbox that ended without a final message, in the terms of the public
 * contract.
 */
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
