import { Aborted } from "../../base/errors.ts";

interface Shared<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Work that several callers want at the same time is done once. It is aborted when nobody waits any more. */
export class SharedWork<T> {
  readonly #running = new Map<string, Shared<T>>();

  async run(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw new Aborted();
    const shared = this.#running.get(key) ?? this.#start(key, work);
    shared.waiting += 1;
    let leave = (): void => {};
    try {
      const left = new Promise<never>((_resolve, reject) => {
        leave = () => reject(new Aborted());
        signal?.addEventListener("abort", leave);
      });
      return await Promise.race([shared.result, left]);
    } finally {
      signal?.removeEventListener("abort", leave);
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        shared.controller.abort();
        this.#forget(key, shared);
      }
    }
  }

  /** Aborts all work. */
  stop(): void {
    for (const { controller } of this.#running.values()) controller.abort();
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const controller = new AbortController();
    const shared = { result: work(controller.signal), controller, waiting: 0 };
    shared.result.catch(() => {}).finally(() => this.#forget(key, shared));
    this.#running.set(key, shared);
    return shared;
  }

  #forget(key: string, shared: Shared<T>): void {
    if (this.#running.get(key) === shared) this.#running.delete(key);
  }
}
