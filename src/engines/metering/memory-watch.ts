import { readFile } from "node:fs/promises";

const MEGABYTE = 1_048_576;
const INTERVAL_MS = 50;

/**
 * Watches a process without a cgroup limit. Calls `onExceeded` once its resident memory exceeds
 * `megabytes`. Works on Linux only; elsewhere only the heap limit applies. Returns a function that
 * stops the watch.
 */
export function watchMemory(pid: number, megabytes: number, onExceeded: () => void): () => void {
  const timer = setInterval(async () => {
    if ((await residentBytes(pid)) <= megabytes * MEGABYTE) return;
    clearInterval(timer);
    onExceeded();
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
