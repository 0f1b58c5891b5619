import type { PackageLimits } from "../limits.ts";

/** Thrown when a build asks the registry for more than it may. */
export class TooMuch extends Error {
  override readonly name = "TooMuch";
  readonly what: "bytes" | "all bytes" | "requests";
  readonly most: number;

  constructor(what: TooMuch["what"], most: number) {
    super(`More than ${most} ${what}`);
    this.what = what;
    this.most = most;
  }
}

/** Requests and bytes that one build may still ask a registry for. */
export class Budget {
  readonly #limits: Pick<PackageLimits, "requests" | "receivedBytes">;
  #requests = 0;
  #bytes = 0;

  constructor(limits: Pick<PackageLimits, "requests" | "receivedBytes">) {
    this.#limits = limits;
  }

  /** @throws {TooMuch} */
  request(): void {
    this.#requests += 1;
    if (this.#requests > this.#limits.requests)
      throw new TooMuch("requests", this.#limits.requests);
  }

  /** @throws {TooMuch} */
  receive(bytes: number): void {
    this.#bytes += bytes;
    const { receivedBytes } = this.#limits;
    if (this.#bytes > receivedBytes) throw new TooMuch("all bytes", receivedBytes);
  }
}
