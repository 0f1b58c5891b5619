/** The value below which a share of all values lies, interpolated between neighbours. */
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
 * Completions a second between the first and the last one inside the window. Counting intervals
 * instead of dividing by the window's length makes a handful of completions enough.
 */
export function rate(completions: readonly number[], from: number, to: number): number {
  const counted = completions.filter((time) => time >= from && time <= to).sort((a, b) => a - b);
  const [first] = counted;
  const last = counted.at(-1);
  if (first === undefined || last === undefined || last === first) return Number.NaN;
  return ((counted.length - 1) * 1_000) / (last - first);
}

/** Times one piece of work, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/**
 * Runs `count` workers at once. Unlike with `Promise.all`, none of them still runs when this
 * rejects, so that whoever cleans up afterwards meets nothing that is just being made.
 */
export async function together(count: number, worker: () => Promise<void>): Promise<void> {
  const settled = await Promise.allSettled(Array.from({ length: count }, worker));
  for (const one of settled) if (one.status === "rejected") throw one.reason;
}
