import type { HttpBindings } from "@hono/node-server";
import { HttpProblem } from "./problem.ts";

/** Bytes of answers that wait for their clients, by default: of all of them together. */
const MAX_BYTES = 268_435_456;

interface Answer {
  readonly outgoing: HttpBindings["outgoing"];
  /** Bytes that have not got to the connection. */
  waiting: () => number;
}

/**
 * Bounds what is in memory of answers that nobody reads: who asks for large ones and reads none of them
 * would be the server's end. Nobody's may be more than is left for all others.
 */
export class Unread {
  readonly #limit: number;
  readonly #answers = new Map<string, Set<Answer>>();

  constructor(limit: number = MAX_BYTES) {
    this.#limit = limit;
  }

  /** Throws with 429 for those who have more unread than they may. */
  check(owner: string): void {
    const own = this.#bytesOf(owner);
    if (own === 0) return;
    let all = 0;
    for (const each of this.#answers.keys()) all += this.#bytesOf(each);
    if (all + own <= this.#limit) return;
    const message = "Too much of earlier answers is unread; read them, or close their connections";
    throw new HttpProblem(429, "TooManyRequests", "ANSWERS_UNREAD", message, { retryAfter: 1 });
  }

  /**
   * Counts an answer to `owner`, from now until its connection is done with it. Returns what is to be told
   * how many of its bytes are still kept elsewhere. Without a connection there is nothing to count.
   */
  begin(owner: string, outgoing: Answer["outgoing"] | undefined): (waiting: () => number) => void {
    if (outgoing === undefined) return () => {};
    const answer: Answer = { outgoing, waiting: () => 0 };
    const answers = this.#answers.get(owner) ?? new Set();
    this.#answers.set(owner, answers.add(answer));
    outgoing.once("close", () => {
      answers.delete(answer);
      if (answers.size === 0 && this.#answers.get(owner) === answers) this.#answers.delete(owner);
    });
    return (waiting) => {
      answer.waiting = waiting;
    };
  }

  #bytesOf(owner: string): number {
    let bytes = 0;
    for (const { outgoing, waiting } of this.#answers.get(owner) ?? []) {
      bytes += outgoing.writableLength + waiting();
    }
    return bytes;
  }
}
