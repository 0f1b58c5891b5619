import { deadline } from "../../../src/base/deadline.ts";
import type { Store } from "./store.ts";

/** Milliseconds in which the store has to take a write. */
const WITHIN = 2_000;
/** Milliseconds for which a result is reused. */
const FRESH = 1_000;

/**
 * Checks whether the store takes writes. It checks on demand: at most once a second, one check at a
 * time.
 */
export class StoreHealth {
  readonly #store: Pick<Store, "ping">;
  #asked: Promise<void> | undefined;
  #up: Promise<boolean> | undefined;
  #until = 0;

  constructor(store: Pick<Store, "ping">) {
    this.#store = store;
  }

  /** Returns true if the store takes writes. Never rejects, and takes two seconds at most. */
  up(): Promise<boolean> {
    const now = performance.now();
    if (this.#up === undefined || now > this.#until) {
      this.#until = now + FRESH;
      this.#up = this.#look();
    }
    return this.#up;
  }

  async #look(): Promise<boolean> {
    // A check without an answer yet is not repeated meanwhile.
    this.#asked ??= this.#store.ping().finally(() => {
      this.#asked = undefined;
    });
    try {
      await deadline(this.#asked, WITHIN, "The store's answer");
      return true;
    } catch {
      return false;
    }
  }
}
