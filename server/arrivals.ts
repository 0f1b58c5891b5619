import { HttpProblem } from "./problem.ts";

/** Bodies of one address that may be on their way at once. */
const AT_ONCE = 32;

/** Bounds how many bodies one caller without a key may have on their way, each of which is a connection. */
export class Arrivals {
  readonly #counts = new Map<string, number>();

  /** Does `work`, in which the body of somebody at that address arrives. Rejects with 429 for one too many. */
  async during<T>(address: string, work: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(address) ?? 0;
    if (count >= AT_ONCE) {
      const message = `${AT_ONCE} requests from this address have not sent all of their bodies`;
      throw new HttpProblem(429, "TooManyRequests", "BODIES_UNFINISHED", message, {
        retryAfter: 1,
      });
    }
    this.#counts.set(address, count + 1);
    try {
      return await work();
    } finally {
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left === 0) this.#counts.delete(address);
      else this.#counts.set(address, left);
    }
  }
}
