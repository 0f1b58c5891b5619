import { Refusal } from "../src/destinations/refusal.ts";
import type { EgressLimits } from "../src/protocol/egress-limits.ts";

/** Counts the use of one run's limits. */
export class Quota {
  readonly #limits: EgressLimits;
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
   * Counts one more tunnel until `release`.
   *
   * @throws {Refusal} If there are too many, or no bytes are left.
   */
  take(): void {
    const { tunnels, totalTunnels, bytesOut, bytesIn } = this.#limits;
    if (this.#tunnels >= tunnels) {
      throw new Refusal("LIMIT_TUNNELS", `${tunnels} tunnels are open already`);
    }
    if (this.#totalTunnels >= totalTunnels) {
      throw new Refusal("LIMIT_TUNNELS", `The run has had its ${totalTunnels} tunnels`);
    }
    if (this.#bytesOut >= bytesOut || this.#bytesIn >= bytesIn) {
      throw new Refusal("LIMIT_BYTES", "The run has moved all the bytes it may");
    }
    this.#tunnels += 1;
    this.#totalTunnels += 1;
  }

  release(): void {
    this.#tunnels -= 1;
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
