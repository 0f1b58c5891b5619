import { Refusal } from "../src/destinations/refusal.ts";
import type { EgressLimits } from "../src/protocol/egress-limits.ts";

/** Counts the use of one run's limits. */
export class Quota {
  readonly #limits: EgressLimits;
  /** Functions that let a waiting client proceed, in the order of their arrival. */
  readonly #waiting = new Set<() => void>();
  #tunnels = 0;
  #totalTunnels = 0;
  #bytesOut = 0;
  #bytesIn = 0;

  constructor(limits: EgressLimits) {
    this.#limits = limits;
  }

  get tunnels(): number {
    return this.#tunnels;
  }

  /** Bytes moved so far, including those of open tunnels. */
  get moved(): { readonly bytesOut: number; readonly bytesIn: number } {
    return { bytesOut: this.#bytesOut, bytesIn: this.#bytesIn };
  }

  /**
   * Counts one more tunnel until `release`. Waits in turn while too many are open. Rejects with the
   * signal's reason when it is aborted.
   *
   * @throws {Refusal} If there have been too many, or no bytes are left.
   */
  async take(signal: AbortSignal): Promise<void> {
    this.#checkTotals();
    if (this.#tunnels < this.#limits.tunnels) this.#tunnels += 1;
    else await this.#handedOver(signal);
    try {
      this.#checkTotals();
    } catch (error) {
      this.release();
      throw error;
    }
    this.#totalTunnels += 1;
  }

  release(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#tunnels -= 1;
    else first();
  }

  #checkTotals(): void {
    const { totalTunnels, bytesOut, bytesIn } = this.#limits;
    if (this.#totalTunnels >= totalTunnels) {
      throw new Refusal("LIMIT_TUNNELS", `The run has had its ${totalTunnels} requests`);
    }
    if (this.#bytesOut >= bytesOut || this.#bytesIn >= bytesIn) {
      throw new Refusal("LIMIT_BYTES", "The run has moved all the bytes it may");
    }
  }

  /** Resolves when a released tunnel is handed over to this client, the first one that waits. */
  #handedOver(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(proceed);
        signal.removeEventListener("abort", giveUp);
      };
      const proceed = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(signal.reason);
      };
      this.#waiting.add(proceed);
      signal.addEventListener("abort", giveUp);
      if (signal.aborted) giveUp();
    });
  }

  /** Counts bytes to the outside. Returns false if they exceed the limit. */
  out(bytes: number): boolean {
    this.#bytesOut += bytes;
    return this.#bytesOut <= this.#limits.bytesOut;
  }

  /** Counts bytes from the outside. Returns false if they exceed the limit. */
  in(bytes: number): boolean {
    this.#bytesIn += bytes;
    return this.#bytesIn <= this.#limits.bytesIn;
  }
}
