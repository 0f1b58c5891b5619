/** A thread's entry: large bodies, which can keep whoever parses them busy for a second. */

import { parentPort } from "node:worker_threads";
import { BadRequest, PayloadTooLarge } from "../../src/errors.ts";
import type { Question, Verdict } from "./messages.ts";
import { readBody } from "./read.ts";

parentPort?.on("message", ({ id, bytes }: Question) => {
  parentPort?.postMessage(verdictOn(id, bytes));
});

function verdictOn(id: number, bytes: Uint8Array): Verdict {
  try {
    return { id, read: readBody(bytes) };
  } catch (error) {
    if (!(error instanceof BadRequest || error instanceof PayloadTooLarge)) throw error;
    const { status, message } = error;
    return { id, refused: { status, message } };
  }
}
