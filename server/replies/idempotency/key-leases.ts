import { LEASE, RENEW_AGAIN, RENEW_EVERY } from "../../quotas/lease-times.ts";
import type { Idempotency, IdempotencyKey } from "../../store/contract/idempotency.ts";

/**
 * Keeps keys of requests that run here. Each is leased for a while by the store's clock, and renewed, so that it is
 * free soon after this server has died. Requests shorter than `RENEW_EVERY` cost no statement.
 */
export class KeyLeases {
  readonly #store: Pick<Idempotency, "renew">;
  /** Keys with the times of this process after which nobody waits for their work. */
  readonly #held = new Map<IdempotencyKey, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Pick<Idempotency, "renew">) {
    this.#store = store;
  }

  /** Returns the milliseconds of the first lease of work that may take `most`. */
  first(most: number): number {
    return Math.min(most, LEASE);
  }

  /** Renews a key until `release()`, for `most` milliseconds at most. */
  hold(key: IdempotencyKey, most: number): () => void {
    this.#held.set(key, performance.now() + most);
    if (this.#timer === undefined) this.#next(RENEW_EVERY);
    return () => {
      this.#held.delete(key);
      if (this.#held.size === 0) this.close();
    };
  }

  /** Renews none any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #next(ms: number): void {
    const timer = setTimeout(async () => {
      const isKnown = await this.#renew().then(
        () => true,
        () => false,
      );
      if (this.#timer === timer) this.#next(isKnown ? RENEW_EVERY : RENEW_AGAIN);
    }, ms).unref();
    this.#timer = timer;
  }

  async #renew(): Promise<void> {
    const now = performance.now();
    for (const [key, until] of this.#held) if (until < now) this.#held.delete(key);
    if (this.#held.size > 0) await this.#store.renew([...this.#held.keys()], LEASE);
  }
}
