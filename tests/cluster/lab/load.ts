import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./front-door.ts";

/** Requests that some callers send one after another, until they are told to stop. */
export class Load {
  /** Texts of all that went wrong. */
  readonly failures: string[] = [];
  #sent = 0;
  #answered = 0;
  #stopped = false;
  readonly #callers: Promise<void>[];

  /** Each caller waits `pause` ms after an answer. */
  constructor(callers: number, pause: number, send: (index: number) => Promise<Answer>) {
    this.#callers = Array.from({ length: callers }, () => this.#call(pause, send));
  }

  /** Requests that have come back, with whatever answer. */
  get answered(): number {
    return this.#answered;
  }

  /** Sends no more, and waits for the answers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #call(pause: number, send: (index: number) => Promise<Answer>): Promise<void> {
    while (!this.#stopped) {
      const begun = new Date();
      const outcome = await send(this.#sent++).then(
        ({ status, body }) => (status === 200 ? undefined : `${status} ${JSON.stringify(body)}`),
        String,
      );
      this.#answered += 1;
      const times = `${begun.toISOString()} to ${new Date().toISOString()}`;
      if (outcome !== undefined) this.failures.push(`${times}: ${outcome}`);
      await sleep(pause);
    }
  }
}
