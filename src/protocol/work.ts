/** Tells what user code has left going on, at any level. */
export interface Work {
  /** Returns whether a one-shot timer waits. */
  oneShots(): boolean;
  intervals(): boolean;
  /** Returns whether anything else is under way: a request, a read, a computation in a thread. */
  others(): boolean;
  /** Forgets the timers of an earlier run, so that no later one waits for them. */
  forget(): void;
  /** Calls `callback` later. This wait is no work of the code. */
  later(callback: () => void, ms: number): void;
}
