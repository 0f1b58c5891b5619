import { HttpProblem } from "../../errors/problem.ts";

/** Bodies for one tenant from one address that may be on their way at once. */
const AT_ONCE = 32;
/** Bodies for all tenants from one address. A proxy in front is one address for everybody. */
const ALL_AT_ONCE = 256;

/** Bounds how many bodies callers without a key may have on their way, each of which is a connection. */
export class AnonymousBodies {
  readonly #counts = new Map<string, number>();

  /**
   * Does `work`, in which a body for that tenant arrives from that address. Rejects with 429 for one too
   * many, of the tenant's or of all.
   */
  async during<T>(address: string, tenant: string, work: () => Promise<T>): Promise<T> {
    const share = `${address} ${tenant}`;
    if (this.#countOf(share) >= AT_ONCE) throw tooMany(AT_ONCE, "for this tenant");
    if (this.#countOf(address) >= ALL_AT_ONCE) throw tooMany(ALL_AT_ONCE, "in all");
    this.#add(share, 1);
    this.#add(address, 1);
    try {
      return await work();
    } finally {
      this.#add(share, -1);
      this.#add(address, -1);
    }
  }

  #countOf(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #add(key: string, count: number): void {
    const now = this.#countOf(key) + count;
    if (now === 0) this.#counts.delete(key);
    else this.#counts.set(key, now);
  }
}

function tooMany(count: number, whose: string): HttpProblem {
  const message = `${count} requests from this address ${whose} have not sent all of their bodies`;
  return new HttpProblem(429, "TooManyRequests", "BODIES_UNFINISHED", message, { retryAfter: 1 });
}
