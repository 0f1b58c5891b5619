/** Runner of code beside which the server is measured. */
export interface Peer {
  readonly name: string;
  /** Runs a module in a fresh sandbox. Resolves with the milliseconds that it took. */
  run(code: string, input: number, expected: unknown): Promise<number>;
  /** Makes the next execution hot, without one of its kind if those are counted. */
  heat(): Promise<void>;
  /** Runs code and keeps its sandbox, for a measurement of memory. */
  keep(code: string, input: number): Promise<void>;
  /** Lists the process ids that hold the sandboxes. */
  pids(): Promise<number[]>;
  stop(): Promise<void>;
}

/** Executions before one that is measured hot. */
export const HEAT = 3;
