import { CHANNEL_LIMITS } from "../protocol/limits.ts";

export interface MailboxMessage {
  readonly topic: string;
  readonly text: string;
}

/** Hands a message on; false if it could not be. */
export type Send = (topic: string, text: string) => boolean;

/**
 * Messages waiting for one execution, at most `queue` of them. A few are on their way to it at a
 * time; the next follows when it has taken one. A slow execution loses the oldest that wait, which
 * are counted.
 */
export class Mailbox {
  readonly #waiting: MailboxMessage[] = [];
  #onTheWay = 0;
  #send: Send | undefined;
  /** Messages lost. */
  dropped = 0;

  connect(send: Send): void {
    this.#send = send;
    this.#forward();
  }

  put(letter: MailboxMessage): void {
    this.#waiting.push(letter);
    if (this.#onTheWay + this.#waiting.length > CHANNEL_LIMITS.queue) {
      this.#waiting.shift();
      this.dropped += 1;
    }
    this.#forward();
  }

  /** Notes that the execution has handled a message. A claim: never counts below none. */
  taken(): void {
    if (this.#onTheWay > 0) this.#onTheWay -= 1;
    this.#forward();
  }

  close(): void {
    this.#send = undefined;
    this.#waiting.length = 0;
  }

  #forward(): void {
    while (this.#send !== undefined && this.#onTheWay < CHANNEL_LIMITS.window) {
      const letter = this.#waiting.shift();
      if (letter === undefined) return;
      if (this.#send(letter.topic, letter.text)) this.#onTheWay += 1;
      else this.dropped += 1;
    }
  }
}
