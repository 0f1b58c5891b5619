import type { StoredAnswer } from "../../store/contract/idempotency.ts";
import { StoreUnavailable } from "../../store/contract/store-errors.ts";
import { written } from "../../store/contract/written.ts";

/** Bytes of answers that may wait for the store. */
const MOST_BYTES = 67_108_864;
/** What an answer takes beyond its body. */
const OVERHEAD = 512;
/** Milliseconds that a server which leaves gives a store that is away. */
const LAST_WRITES = 5_000;

/** What came of a request with a key, while the store does not know of it. */
export interface UnwrittenAnswer {
  readonly fingerprint: string;
  /** Absent for one that came to nothing. */
  readonly answer: StoredAnswer | undefined;
  /** Resolves once the store knows. */
  readonly known: Promise<void>;
}

/**
 * Outcomes that the store could not be told yet. Each is tried until it is written, and counts here
 * meanwhile: what has been done once is not done again because nobody could write it down.
 */
export class UnwrittenAnswers {
  readonly #outcomes = new Map<string, UnwrittenAnswer>();
  readonly #last = new AbortController();
  #bytes = 0;

  get(key: string): UnwrittenAnswer | undefined {
    return this.#outcomes.get(key);
  }

  /** Throws if so much waits that nothing may be begun which would have to wait as well. */
  check(): void {
    if (this.#bytes >= MOST_BYTES) throw new StoreUnavailable("Too many answers wait to be kept");
  }

  /** Has an outcome written. `onError` is told of the first failure, and of the last one. */
  add(
    key: string,
    outcome: Omit<UnwrittenAnswer, "known">,
    write: () => Promise<unknown>,
    onError: (error: unknown) => void,
  ): void {
    const bytes = OVERHEAD + (outcome.answer?.body.length ?? 0);
    this.#bytes += bytes;
    const known = written(write, onError, this.#last.signal)
      .then(() => {}, onError)
      .finally(() => {
        this.#bytes -= bytes;
        this.#outcomes.delete(key);
      });
    this.#outcomes.set(key, { ...outcome, known });
  }

  /** Tries a little longer, and then no more. */
  async close(): Promise<void> {
    const known = Promise.all([...this.#outcomes.values()].map((outcome) => outcome.known));
    const give = setTimeout(() => this.#last.abort(), LAST_WRITES);
    await known;
    clearTimeout(give);
  }
}
