import { Aborted } from "../../src/base/errors.ts";
import { QuotaExceeded } from "../errors/quota-error.ts";
import type { TenantLimits } from "../tenants/limits.ts";

type Bounds = Pick<TenantLimits, "concurrency" | "queue">;

/** Milliseconds after which a new attempt may succeed. */
const RETRY_AFTER = 1_000;

/** Options of a request for a place. */
export interface WaitingExecution {
  /** True if it may wait for others to end. */
  readonly wait: boolean;
  /** True if the request came without a key of the tenant. */
  readonly isAnonymous?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Counts one tenant's concurrent executions, and queues those that wait for a place, in order.
 * Executions without a key get at most half of the places in each, because anyone can request them.
 */
export class ConcurrencyLimits {
  readonly #patience: number;
  #running = 0;
  /** Number of running executions without a key. */
  #anonymous = 0;
  #concurrency = 0;
  /** Callbacks of waiting executions → whether they came without a key. */
  readonly #waiting = new Map<() => void, boolean>();

  /** Creates the limits. An execution waits at most `patience` milliseconds for others to end. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  get idle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /** Throws the error with which `take` would reject at once. */
  check({ concurrency, queue }: Bounds, { wait, isAnonymous = false }: WaitingExecution): void {
    if (this.#hasPlace(concurrency, isAnonymous)) return;
    const waiting = [...this.#waiting.values()].filter((each) => each).length;
    const isOver = isAnonymous && waiting >= halfOf(queue);
    if (wait && this.#waiting.size < queue && !isOver) return;
    const { size } = this.#waiting;
    throw this.#full(
      isAnonymous
        ? `${this.#anonymous} executions of callers without a key run, and ${waiting} wait`
        : `${this.#running} of its executions run, and ${size} wait`,
    );
  }

  #hasPlace(concurrency: number, isAnonymous: boolean): boolean {
    if (this.#running >= concurrency) return false;
    return !isAnonymous || this.#anonymous < halfOf(concurrency);
  }

  #full(message: string): QuotaExceeded {
    return new QuotaExceeded(
      "CONCURRENCY_LIMIT",
      `The tenant has no room: ${message}`,
      RETRY_AFTER,
    );
  }

  /** Resolves as soon as one more execution may run. Each place must be given back. */
  async take(bounds: Bounds, asking: WaitingExecution): Promise<void> {
    const { isAnonymous = false, signal } = asking;
    this.check(bounds, asking);
    if (signal?.aborted) throw new Aborted();
    // Updated to the latest limit, because an operator may change it while executions wait.
    this.#concurrency = bounds.concurrency;
    this.#advance();
    if (this.#hasPlace(bounds.concurrency, isAnonymous)) {
      this.#begin(isAnonymous);
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
      this.#waiting.set(go, isAnonymous);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Gives a place back. `isAnonymous` must be as it was in `take`. */
  give(isAnonymous = false): void {
    this.#running -= 1;
    if (isAnonymous) this.#anonymous -= 1;
    this.#advance();
  }

  #begin(isAnonymous: boolean): void {
    this.#running += 1;
    if (isAnonymous) this.#anonymous += 1;
  }

  #advance(): void {
    for (const [go, isAnonymous] of this.#waiting) {
      if (!this.#hasPlace(this.#concurrency, isAnonymous)) continue;
      this.#waiting.delete(go);
      this.#begin(isAnonymous);
      go();
    }
  }
}

function halfOf(places: number): number {
  return Math.max(1, Math.floor(places / 2));
}
