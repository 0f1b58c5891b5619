import { StoreUnavailable } from "../contract/store-errors.ts";
import { Thread } from "./thread.ts";
import type { ThreadCall, ThreadData } from "./thread-messages.ts";

/** Opening one takes a second of a processor. */
const AGAIN_AFTER = 2_000;

/** One thread at a time: in the place of one that has ended comes another when it is needed. */
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
