export const DAY = 86_400_000;

/** What a tenant has used on one day. */
export interface Used {
  readonly executions: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
}

/** Unix time in milliseconds at which the day began, UTC. */
export function dayOf(now: number): number {
  return now - (now % DAY);
}
