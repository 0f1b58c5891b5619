import { readFileSync } from "node:fs";
import { statFields } from "../../base/process-stat.ts";

/** Position of the start's time behind the process's name, which may contain any character. */
const START = 19;

/**
 * Returns when a process has started, in the kernel's ticks since the boot; `undefined` if that is
 * unknown. No code in it can change that, as it can change its program and its command line.
 */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return statFields(stat)[START];
  } catch {
    return undefined;
  }
}

/** Kills a process, unless its id belongs to another one by now. */
export function killSame(pid: number, start: string | undefined): void {
  if (start === undefined || startOf(pid) !== start) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
