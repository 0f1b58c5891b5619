import type { FinalJobAnswer, FinishedJob, Jobs } from "../store/contract/jobs.ts";
import { StorageReserved, StoreUnavailable } from "../store/contract/store-errors.ts";

/** Most answers, and most characters of them, in one statement. */
const MOST = 50;
const MOST_CHARACTERS = 4_194_304;

interface Waiting extends FinishedJob {
  resolve(isOurs: boolean): void;
  reject(error: unknown): void;
}

/** Stores the answers of jobs. Those that come during a write are written together by the next one. */
export class AnswerWriter {
  readonly #store: Pick<Jobs, "finishAll">;
  readonly #owner: string;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(store: Pick<Jobs, "finishAll">, owner: string) {
    this.#store = store;
    this.#owner = owner;
  }

  /** Resolves and rejects as `Jobs.finish()` does. */
  finish(id: string, answer: FinalJobAnswer): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, answer, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const next = this.#next();
      await this.#write(next);
    }
    this.#isWriting = false;
  }

  #next(): Waiting[] {
    let characters = 0;
    const end = this.#waiting.findIndex(({ answer }, at) => {
      characters += answer.body.length;
      return at === MOST || (at > 0 && characters > MOST_CHARACTERS);
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #write(all: readonly Waiting[]): Promise<void> {
    const answers = all.map(({ id, answer }) => ({ id, answer }));
    try {
      const ours = new Set(await this.#store.finishAll(this.#owner, answers));
      for (const { id, resolve } of all) resolve(ours.has(id));
    } catch (error) {
      const passes = error instanceof StoreUnavailable || error instanceof StorageReserved;
      if (all.length === 1 || passes) for (const { reject } of all) reject(error);
      // One of them has no room, or cannot be stored. The others can.
      else for (const one of all) await this.#write([one]);
    }
  }
}
