/** Milliseconds between two looks for jobs, while nobody may tell of them. */
export const POLL_MS = 2_000;
/** Milliseconds between two looks while notices arrive. They find jobs of hosts that went down. */
const LEAST = 10_000;
const MOST = 30_000;

/** Returns the milliseconds until the next look while notices arrive. Hosts look at different times. */
export function nextPoll(lease: number): number {
  const least = Math.min(LEAST, lease / 3);
  const most = Math.min(MOST, lease);
  return least + Math.random() * (most - least);
}
