import type { StoredAnswer } from "../../store/contract/idempotency.ts";
import { StoreUnavailable } from "../../store/contract/store-errors.ts";
import { written } from "../../store/contract/written.ts";

/** Most bytes of answers that wait for the store. */
const MOST_BYTES = 67_108_864;
/** Bytes of an answer besides its body. */
const OVERHEAD = 512;
/** Milliseconds for the last writes at shutdown, if the store is away. */
const LAST_WRITES = 5_000;

/** Outcome of a request with a key, until the store has it. */
export interface UnwrittenAnswer {
  readonly fingerprint: string;
  /** Answer; absent if the request failed. */
  readonly answer: StoredAnswer | undefined;
  /** Resolves once the store has it. */
  readonly known: Promise<void>;
}

/**
 * Keeps outcomes that the store could not take. Each write is repeated until it succeeds. Meanwhile
 * the outcome counts here, so that no request runs twice because of the store.
 */
export class UnwrittenAnswers {
  readonly #outcomes = new Map<string, UnwrittenAnswer>();
  readonly #last = new AbortController();
  #bytes = 0;

  get(key: string): UnwrittenAnswer | undefined {
    return this.#outcomes.get(key);
  }

  /** @throws {StoreUnavailable} If so much waits that no further request may begin. */
  check(): void {
    if (this.#bytes >= MOST_BYTES) throw new StoreUnavailable("Too many answers wait to be kept");
  }

  /**
   * Writes an outcome, with retries. Calls `onError` for the first failure and for the last one. Resolves after the last
   * attempt.
   */
  add(
    key: string,
    outcome: Omit<UnwrittenAnswer, "known">,
    write: () => Promise<unknown>,
    onError: (error: unknown) => void,
  ): Promise<void> {
    const bytes = OVERHEAD + (outcome.answer?.body.length ?? 0);
    this.#bytes += bytes;
    const known = written(write, onError, this.#last.signal)
      .then(() => {}, onError)
      .finally(() => {
        this.#bytes -= bytes;
        this.#outcomes.delete(key);
      });
    this.#outcomes.set(key, { ...outcome, known });
    return known;
  }

  /** Retries for five more seconds, then gives up. */
  async close(): Promise<void> {
    const known = Promise.all([...this.#outcomes.values()].map((outcome) => outcome.known));
    const give = setTimeout(() => this.#last.abort(), LAST_WRITES);
    await known;
    clearTimeout(give);
  }
}
