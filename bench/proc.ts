import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const POLL = 5;
const GONE_WITHIN = 10_000;

/** Reads the proportional set size of a process in megabytes. A shared page counts by its share. */
export async function proportionalSize(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup holds no Pss`);
  return Number(kilobytes) / 1_024;
}

/** Resolves with the milliseconds until one of the processes uses no processor any more. */
export async function untilOneIsGone(pids: readonly number[]): Promise<number> {
  const started = performance.now();
  for (;;) {
    const gone = await Promise.all(pids.map(isGone));
    const waited = performance.now() - started;
    if (gone.includes(true)) return waited;
    if (waited > GONE_WITHIN) throw new Error(`No process ended within ${GONE_WITHIN} ms`);
    await sleep(POLL);
  }
}

/**
 * Tests that a process is gone. A dead first thread is not enough, because the thread of user code
 * may outlive it by a moment.
 */
async function isGone(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  if (threads.length !== 1) return threads.length === 0;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X");
  return /\) [ZX]/.test(stat);
}
