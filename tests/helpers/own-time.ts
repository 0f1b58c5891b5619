import { readFileSync } from "node:fs";

/**
 * Starts a clock for work of this thread and of the main thread of process `pid`, if it is named. It does not count
 * the time in which other processes used all cores.
 */
export function ownTime(pid?: number): () => number {
  const other = pid === undefined ? [] : [`/proc/${pid}/task/${pid}/schedstat`];
  const paths = [...other, "/proc/thread-self/schedstat"];
  const delayed = (): number => paths.reduce((sum, path) => sum + delayOf(path), 0);
  const [began, before] = [performance.now(), delayed()];
  return () => performance.now() - began - (delayed() - before);
}

/** Returns the milliseconds that a thread has waited for a core. */
function delayOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8").split(" ")[1]) / 1e6;
  } catch {
    // The process has ended, or its kernel does not count it.
    return 0;
  }
}
