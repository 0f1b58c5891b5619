const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Pauses between attempts: nine attempts within a day. */
const PAUSES = [
  5 * SECOND,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  8 * HOUR,
  8 * HOUR,
] as const;

/** Status by which a receiver refuses further attempts. */
const GONE = 410;

/**
 * Returns the milliseconds until the next attempt, after `tries` attempts. `status` is the last
 * response's; `undefined` means none. Returns `null` if the callback was accepted or is given up.
 */
export function nextTry(tries: number, status: number | undefined): number | null {
  const accepted = status !== undefined && status >= 200 && status < 300;
  if (accepted || status === GONE) return null;
  return PAUSES[tries - 1] ?? null;
}
