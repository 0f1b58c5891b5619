import pLimit, { type LimitFunction } from "p-limit";

interface Queue {
  readonly limit: LimitFunction;
  /** Tasks that run or wait. */
  tasks: number;
}

/**
 * Limits the tasks of each key that run at a time. Tasks of one key never wait for those of
 * another.
 */
export class KeyedLimit {
  readonly #most: number;
  /** Key → its queue, for keys that have tasks. */
  readonly #queues = new Map<string, Queue>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Number of keys that have tasks. */
  get size(): number {
    return this.#queues.size;
  }

  /**
   * Runs a task in its key's turn. Rejects at once when `signal` is aborted, and the task has to
   * end then.
   */
  async run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const queue = this.#queues.get(key) ?? { limit: pLimit(this.#most), tasks: 0 };
    this.#queues.set(key, queue);
    queue.tasks += 1;
    const ran = queue.limit(async () => {
      signal.throwIfAborted();
      return await task();
    });
    const leave = (): void => {
      queue.tasks -= 1;
      if (queue.tasks === 0) this.#queues.delete(key);
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
