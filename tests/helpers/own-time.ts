import { readFileSync } from "node:fs";

/**
 * Starts a clock of what this process and the main thread of another take for something: it stands
 * while either is ready to run and the machine's cores are others'.
 */
export function ownTime(pid: number): () => number {
  const paths = [`/proc/${pid}/task/${pid}/schedstat`, "/proc/thread-self/schedstat"];
  const delayed = (): number => paths.reduce((sum, path) => sum + delayOf(path), 0);
  const [began, before] = [performance.now(), delayed()];
  return () => performance.now() - began - (delayed() - before);
}

/** Milliseconds for which a thread was ready to run, and others ran. */
function delayOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8").split(" ")[1]) / 1e6;
  } catch {
    // The process has ended, or its kernel does not count it.
    return 0;
  }
}
