import pLimit, { type LimitFunction } from "p-limit";

interface Lane {
  readonly limit: LimitFunction;
  /** Tasks that run or wait. */
  tasks: number;
}

/** Lets a few tasks of each key run at a time; those of other keys never wait for them. */
export class KeyedLimit {
  readonly #most: number;
  /** Of the keys that have tasks. */
  readonly #lanes = new Map<string, Lane>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Keys that have tasks. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Runs a task in its key's turn. Rejects at once when `signal` is aborted; the task has to end then. */
  async run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const lane = this.#lanes.get(key) ?? { limit: pLimit(this.#most), tasks: 0 };
    this.#lanes.set(key, lane);
    lane.tasks += 1;
    const ran = lane.limit(async () => {
      signal.throwIfAborted();
      return await task();
    });
    const leave = (): void => {
      lane.tasks -= 1;
      if (lane.tasks === 0) this.#lanes.delete(key);
    };
    ran.then(leave, leave);
    return await orAborted(ran, signal);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settle = (): void => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).then(settle, settle);
  });
}
