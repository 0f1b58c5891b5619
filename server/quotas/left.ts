/** Rest of a limit, as far as this server knows it without asking the store. */
export interface Left {
  /** Executions within each window. */
  readonly most: number;
  /** Seconds of a window. */
  readonly seconds: number;
  /** Executions that may still begin in this one. */
  readonly left: number;
  /** Milliseconds until the next window. */
  readonly lasts: number;
}

/** Rests of a tenant's limits. One that it does not have is absent. */
export interface LimitsLeft {
  readonly rate?: Left | undefined;
  /** Executions of the day in UTC. */
  readonly day?: Left | undefined;
}
