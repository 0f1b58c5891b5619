const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Pauses between the attempts at a callback: nine attempts in a day. */
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

/** A receiver that says by this that it wants no more of it. */
const GONE = 410;

/**
 * Milliseconds until it is tried again, after `tries` attempts, the last of which was answered with `status`
 * (`undefined`: not at all). `null` if it has got there, or is given up.
 */
export function nextTry(tries: number, status: number | undefined): number | null {
  const accepted = status !== undefined && status >= 200 && status < 300;
  if (accepted || status === GONE) return null;
  return PAUSES[tries - 1] ?? null;
}
