import { CHANNEL_LIMITS } from "../protocol/limits.ts";

export interface MailboxMessage {
  readonly topic: string;
  readonly text: string;
}

/** Sends a message to the execution; false if it could not be sent. */
export type Send = (topic: string, text: string) => boolean;

/**
 * Queues messages for one execution, at most `queue` of them. A few are sent at a time, and the
 * next one when the execution has handled one. If it is slow, the oldest waiting messages are
 * dropped and counted.
 */
export class Mailbox {
  readonly #waiting: MailboxMessage[] = [];
  #inFlight = 0;
  #send: Send | undefined;
  /** Number of messages dropped. */
  dropped = 0;

  connect(send: Send): void {
    this.#send = send;
    this.#forward();
  }

  put(message: MailboxMessage): void {
    this.#waiting.push(message);
    if (this.#inFlight + this.#waiting.length > CHANNEL_LIMITS.queue) {
      this.#waiting.shift();
      this.dropped += 1;
    }
    this.#forward();
  }

  /**
   * Notes that the execution has handled a message. The sandbox may lie, so the count never falls
   * below 0.
   */
  taken(): void {
    if (this.#inFlight > 0) this.#inFlight -= 1;
    this.#forward();
  }

  close(): void {
    this.#send = undefined;
    this.#waiting.length = 0;
  }

  #forward(): void {
    while (this.#send !== undefined && this.#inFlight < CHANNEL_LIMITS.window) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      if (this.#send(message.topic, message.text)) this.#inFlight += 1;
      else this.dropped += 1;
    }
  }
}
