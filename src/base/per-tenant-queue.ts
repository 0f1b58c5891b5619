import { HostBusy } from "./errors.ts";

/** What is done and waits for one tenant. */
interface TenantQueue {
  length: number;
  /** Resolves when the last of it is over. */
  end: Promise<unknown>;
}

/** One thing at a time for each tenant, so that nobody waits for all that another one has asked for. */
export class PerTenantQueue {
  readonly #waiting: number;
  readonly #lines = new Map<string, TenantQueue>();

  /** `waiting` is how much of one tenant's may wait. */
  constructor(waiting: number) {
    this.#waiting = waiting;
  }

  /** Does `work` once nothing else of its owner's is being done. Rejects with `HostBusy` if too much waits. */
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
