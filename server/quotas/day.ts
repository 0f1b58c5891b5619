export const DAY = 86_400_000;

/** Use of a tenant on one day. */
export interface Used {
  readonly executions: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
}

/** Returns the start of a day in UTC, as Unix time in milliseconds. */
export function dayOf(now: number): number {
  return now - (now % DAY);
}
