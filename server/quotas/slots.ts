import { Aborted } from "../../src/errors.ts";
import type { TenantLimits } from "../tenants/limits.ts";
import { QuotaExceeded } from "./quota-error.ts";

type Bounds = Pick<TenantLimits, "concurrency" | "queue">;

/** Milliseconds after which it may be worth asking again. */
const RETRY_AFTER = 1_000;

/** One tenant's executions at once, and those that wait for one of them to end, in their order. */
export class Slots {
  readonly #patience: number;
  #running = 0;
  #concurrency = 0;
  readonly #waiting = new Set<() => void>();

  /** `patience` is how many milliseconds an execution waits for others to end. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  get idle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /** Throws what `take` would reject with at once. */
  check({ concurrency, queue }: Bounds, wait: boolean): void {
    if (this.#running < concurrency) return;
    const room = wait ? queue : 0;
    if (this.#waiting.size < room) return;
    throw this.#full(`${this.#running} of its executions run, and ${this.#waiting.size} wait`);
  }

  #full(message: string): QuotaExceeded {
    return new QuotaExceeded(
      "CONCURRENCY_LIMIT",
      `The tenant has no room: ${message}`,
      RETRY_AFTER,
    );
  }

  /** Resolves as soon as one more may run; whoever gets that has to give it back. */
  async take(bounds: Bounds, wait: boolean, signal?: AbortSignal): Promise<void> {
    this.check(bounds, wait);
    if (signal?.aborted) throw new Aborted();
    // The latest there are: an operator may change them while somebody waits.
    this.#concurrency = bounds.concurrency;
    this.#advance();
    if (this.#running < bounds.concurrency) {
      this.#running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const settled = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        this.#waiting.delete(go);
      };
      const go = (): void => {
        settled();
        resolve();
      };
      const leave = (): void => {
        settled();
        reject(new Aborted());
      };
      const timer = setTimeout(() => {
        settled();
        reject(this.#full(`for ${this.#patience} ms none has ended`));
      }, this.#patience);
      this.#waiting.add(go);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  give(): void {
    this.#running -= 1;
    this.#advance();
  }

  #advance(): void {
    for (const go of this.#waiting) {
      if (this.#running >= this.#concurrency) return;
      this.#waiting.delete(go);
      this.#running += 1;
      go();
    }
  }
}
