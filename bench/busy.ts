import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { timed } from "./stats.ts";

/** Milliseconds of one unit of the kernel's counters. */
const TICK = 10;
/** Milliseconds in which the rest of the machine is watched. */
const WATCHED = 3_000;
/** Milliseconds for the work that remains when the last piece of it has answered. */
const SETTLED = 1_500;
/** Part of a processor that others may take. With more, the difference says nothing. */
const QUIET = 0.2;

/**
 * Measures the processor time that this machine spends on one of many pieces of work. That includes
 * processes that have ended, services and the kernel's own threads. Takes off the time that it
 * spends anyway. So nothing else may begin meanwhile. Returns NaN on a machine that is busy.
 *
 * @param work Does the work and returns the number of pieces.
 */
export async function busyEach(work: () => Promise<number>, signal: AbortSignal): Promise<number> {
  const idle = await busy();
  await sleep(WATCHED, undefined, { signal });
  const before = await busy();
  const perMillisecond = (before - idle) / WATCHED;
  if (perMillisecond > QUIET) return Number.NaN;
  let pieces = 0;
  const ms = await timed(async () => {
    pieces = await work();
    await sleep(SETTLED, undefined, { signal });
  });
  return ((await busy()) - before - perMillisecond * ms) / pieces;
}

/** Reads the milliseconds that all processors have computed. */
async function busy(): Promise<number> {
  const [all = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = all
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) * TICK;
}
