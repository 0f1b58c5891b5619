import { setTimeout as sleep } from "node:timers/promises";
import type { Calls } from "../../src/calls/calls.ts";
import type { Answered } from "../../src/protocol/calls.ts";
import type { GivenAnswer } from "./given-answer.ts";

/** Milliseconds until an answer is given again to a sandbox that reads too slowly. */
const BUSY_MS = 50;

/** Gives an answer to a sandbox, again while that reads too slowly, until its execution has ended. */
export async function give(
  calls: Calls,
  serial: number,
  answer: GivenAnswer,
  ended: AbortSignal,
): Promise<Answered> {
  for (;;) {
    const answered = calls.answer(serial, answer);
    if (answered !== "busy" || ended.aborted) return answered;
    await sleep(BUSY_MS);
  }
}
