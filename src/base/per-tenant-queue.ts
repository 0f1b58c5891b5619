import { HostBusy } from "./errors.ts";

/** The running and waiting work of one tenant. */
interface TenantQueue {
  length: number;
  /** Resolves when the last of it has ended. */
  end: Promise<unknown>;
}

/** Runs one task at a time for each tenant. So no tenant waits for another one's tasks. */
export class PerTenantQueue {
  readonly #waiting: number;
  readonly #queues = new Map<string, TenantQueue>();

  /** `waiting` is the number of one tenant's tasks that may wait. */
  constructor(waiting: number) {
    this.#waiting = waiting;
  }

  /**
   * Runs `work` when the owner's earlier tasks have ended.
   *
   * @throws {HostBusy} if too many tasks of the owner wait.
   */
  async take<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(owner) ?? { length: 0, end: Promise.resolve() };
    if (queue.length > this.#waiting) throw new HostBusy("Too many requests like this wait");
    this.#queues.set(owner, queue);
    queue.length += 1;
    const result = queue.end.then(work);
    queue.end = result.catch(() => {});
    try {
      return await result;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) this.#queues.delete(owner);
    }
  }
}
