import { HttpProblem } from "../../errors/problem.ts";

/** Most bodies at once for one tenant from one address. */
const AT_ONCE = 32;
/** Most bodies at once for all tenants from one address, which all callers behind a proxy share. */
const ALL_AT_ONCE = 256;

/**
 * Limits the bodies that callers without a key send at once, because each occupies a connection.
 */
export class AnonymousBodies {
  readonly #counts = new Map<string, number>();

  /**
   * Runs `work`, in which a body for a tenant arrives from an address.
   *
   * @throws {HttpProblem} 429 if too many arrive, for the tenant or in all.
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
