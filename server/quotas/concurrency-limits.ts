import { Aborted } from "../../src/base/errors.ts";
import { QuotaExceeded } from "../errors/quota-error.ts";
import type { TenantLimits } from "../tenants/limits.ts";

type Bounds = Pick<TenantLimits, "concurrency" | "queue">;

/** Milliseconds after which it may be worth asking again. */
const RETRY_AFTER = 1_000;

/** How somebody asks for a place. */
export interface WaitingExecution {
  /** Whether it may wait for others to end. */
  readonly wait: boolean;
  /** Whether it is asked for without a key of the tenant's. */
  readonly isAnonymous?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One tenant's executions at once, and those that wait for one of them to end, in their order. Those that
 * are asked for without a key have at most half of the places of both: anybody can ask for them.
 */
export class ConcurrencyLimits {
  readonly #patience: number;
  #running = 0;
  /** Of those that run. */
  #anonymous = 0;
  #concurrency = 0;
  /** What to call for those that wait, and whether they are anonymous. */
  readonly #waiting = new Map<() => void, boolean>();

  /** `patience` is how many milliseconds an execution waits for others to end. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  get idle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /** Throws what `take` would reject with at once. */
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

  /** Resolves as soon as one more may run; whoever gets that has to give it back. */
  async take(bounds: Bounds, asking: WaitingExecution): Promise<void> {
    const { isAnonymous = false, signal } = asking;
    this.check(bounds, asking);
    if (signal?.aborted) throw new Aborted();
    // The latest there are: an operator may change them while somebody waits.
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

  /** Gives a place back, of the kind it was asked for. */
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
