import { LRUCache } from "lru-cache";
import { KeyedLimit } from "./keyed-limit.ts";
import { LookupError } from "./lookup-error.ts";
import type { Asker, Lookup, Resolver } from "./resolve.ts";

/** Look-ups that may run at a time. Waiting ones wait within their own deadline. */
const PER_RUN = 8;
const PER_OWNER = 16;
/** Milliseconds for which a failure is cached for its owner. */
const FAILED_MS = 1_000;
/** Failures that are cached, over all owners. */
const MAX_FAILED = 1_000;

/**
 * Bounds the look-ups of a process. Each run and each owner has a few at a time, so nobody blocks
 * the others.
 */
export class Lookups {
  readonly #resolve: Resolver;
  readonly #runs = new KeyedLimit(PER_RUN);
  readonly #owners = new KeyedLimit(PER_OWNER);
  readonly #failed = new LRUCache<string, LookupError>({ max: MAX_FAILED, ttl: FAILED_MS });

  constructor(resolve: Resolver) {
    this.#resolve = resolve;
  }

  /**
   * Looks up a name. Rejects with the signal's reason when it is aborted.
   *
   * @throws {LookupError} if the name has no address.
   */
  readonly lookup: Lookup = async (name, asker) => {
    const { owner, run, signal } = asker;
    const key = JSON.stringify([owner, name]);
    const failed = this.#failed.get(key);
    if (failed !== undefined) throw failed;
    const ask = () => this.#ask(name, key, asker);
    const inOwnersTurn = () => this.#owners.run(owner, signal, ask);
    return await this.#runs.run(JSON.stringify([owner, run]), signal, inOwnersTurn);
  };

  async #ask(name: string, key: string, { signal, onTurn }: Asker): Promise<readonly string[]> {
    onTurn?.();
    try {
      return await this.#resolve(name, signal);
    } catch (error) {
      // A cancelled look-up says nothing about the name.
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
