import { deadline } from "../../../src/base/deadline.ts";
import type { Store } from "./store.ts";

/** Milliseconds the store gets to take a write. */
const WITHIN = 2_000;
/** Milliseconds for which an answer holds. */
const FRESH = 1_000;

/** Whether the store takes writes, looked at when somebody asks: once a second at most, one at a time. */
export class StoreHealth {
  readonly #store: Pick<Store, "ping">;
  #asked: Promise<void> | undefined;
  #up: Promise<boolean> | undefined;
  #until = 0;

  constructor(store: Pick<Store, "ping">) {
    this.#store = store;
  }

  /** Never rejects, and never takes long. */
  up(): Promise<boolean> {
    const now = performance.now();
    if (this.#up === undefined || now > this.#until) {
      this.#until = now + FRESH;
      this.#up = this.#look();
    }
    return this.#up;
  }

  async #look(): Promise<boolean> {
    // One that does not answer is not asked again meanwhile.
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
