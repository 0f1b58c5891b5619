import { LRUCache } from "lru-cache";
import { KeyedLimit } from "./keyed-limit.ts";
import { LookupError } from "./lookup-error.ts";
import type { Asker, Lookup, Resolver } from "./resolve.ts";

/** Names that are looked up at a time. Those that have to wait do so within their own deadline. */
const PER_RUN = 8;
const PER_OWNER = 16;
/** Milliseconds a failure is the answer to whoever of its owner asks again. */
const FAILED_MS = 1_000;
/** Failures that are remembered, of all owners. */
const MAX_FAILED = 1_000;

/** The look-ups of a process: few at a time for each run and each owner, none in anybody's way. */
export class Lookups {
  readonly #resolve: Resolver;
  readonly #runs = new KeyedLimit(PER_RUN);
  readonly #owners = new KeyedLimit(PER_OWNER);
  readonly #failed = new LRUCache<string, LookupError>({ max: MAX_FAILED, ttl: FAILED_MS });

  constructor(resolve: Resolver) {
    this.#resolve = resolve;
  }

  /** @throws {LookupError} or the reason of the signal that is aborted. */
  readonly lookup: Lookup = async (name, asker) => {
    const { owner, run, signal } = asker;
    const key = JSON.stringify([owner, name]);
    const failed = this.#failed.get(key);
    if (failed !== undefined) throw failed;
    const ask = () => this.#ask(name, key, asker);
    const inOwnersTurn = () => this.#owners.run(owner, signal, ask);
    return await this.#runs.run(JSON.stringify([owner, run]), signal, inOwnersTurn);
  };

  async #ask(name: string, key: string, { signal }: Asker): Promise<readonly string[]> {
    try {
      return await this.#resolve(name, signal);
    } catch (error) {
      // What was given up early says nothing about the name.
      signal.throwIfAborted();
      const failure =
        error instanceof LookupError
          ? error
          : new LookupError("RESOLVE_FAILED", "The name could not be resolved");
      this.#failed.set(key, failure);
      throw failure;
    }
  }
}
