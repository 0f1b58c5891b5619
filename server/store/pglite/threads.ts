import { StoreUnavailable } from "../contract/store-errors.ts";
import { Thread } from "./thread.ts";
import type { ThreadCall, ThreadData } from "./thread-messages.ts";

/** Milliseconds between two attempts. Opening takes a second of CPU time. */
const AGAIN_AFTER = 2_000;

/** Runs one thread at a time. Starts the next one on demand after its end. */
export class Threads {
  readonly #data: ThreadData;
  #current: Thread;
  #next: Promise<Thread> | undefined;
  #triedAt = 0;
  #closed = false;

  private constructor(data: ThreadData, first: Thread) {
    this.#data = data;
    this.#current = first;
  }

  static async start(data: ThreadData): Promise<Threads> {
    return new Threads(data, await Thread.start(data));
  }

  async call(part: ThreadCall["part"], method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#closed) throw new StoreUnavailable("The store is closed");
    if (this.#current.ended) await this.#replace();
    return this.#current.call(part, method, args);
  }

  async #replace(): Promise<void> {
    if (Date.now() - this.#triedAt > AGAIN_AFTER) {
      this.#triedAt = Date.now();
      this.#next = Thread.start(this.#data);
    }
    const next = await this.#next;
    if (next !== undefined) this.#current = next;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const thread = (await this.#next?.catch(() => undefined)) ?? this.#current;
    if (!thread.ended) await thread.call(null, "close", []);
  }
}
