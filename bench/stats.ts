/** Finds the value below which a share of all values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Computes completions a second between the first and the last one inside the window. It counts
 * intervals and does not divide by the window's length, so a few completions are enough.
 */
export function rate(completions: readonly number[], from: number, to: number): number {
  const counted = completions.filter((time) => time >= from && time <= to).sort((a, b) => a - b);
  const [first] = counted;
  const last = counted.at(-1);
  if (first === undefined || last === undefined || last === first) return Number.NaN;
  return ((counted.length - 1) * 1_000) / (last - first);
}

/** Measures one piece of work, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/**
 * Runs `count` workers at once. Unlike `Promise.all`, it rejects only when all of them have ended.
 * So a clean-up afterwards finds nothing that is still being made.
 */
export async function together(count: number, worker: () => Promise<void>): Promise<void> {
  const settled = await Promise.allSettled(Array.from({ length: count }, worker));
  for (const one of settled) if (one.status === "rejected") throw one.reason;
}
