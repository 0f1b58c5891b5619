import { ProcFile } from "./proc-file.ts";

const MEGABYTE = 1_048_576;
const INTERVAL_MS = 50;

/**
 * Watches a process without a cgroup limit. Calls `onExceeded` once its resident memory exceeds
 * `megabytes`. Works on Linux only; elsewhere only the heap limit applies. Returns a function that
 * stops the watch.
 */
export function watchMemory(pid: number, megabytes: number, onExceeded: () => void): () => void {
  const status = new ProcFile(`/proc/${pid}/status`);
  const timer = setInterval(() => {
    if (residentBytes(status) <= megabytes * MEGABYTE) return;
    stop();
    onExceeded();
  }, INTERVAL_MS);
  timer.unref();
  const stop = (): void => {
    clearInterval(timer);
    status.close();
  };
  return stop;
}

function residentBytes(status: ProcFile): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status.read() ?? "")?.[1] ?? 0) * 1024;
}
