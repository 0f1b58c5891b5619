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
  readonly #lines = new Map<string, TenantQueue>();

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
    const line = this.#lines.get(owner) ?? { length: 0, end: Promise.resolve() };
    if (line.length > this.#waiting) throw new HostBusy("Too many requests like this wait");
    this.#lines.set(owner, line);
    line.length += 1;
    const result = line.end.then(work);
    line.end = result.catch(() => {});
    try {
      return await result;
    } finally {
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(owner);
    }
  }
}
