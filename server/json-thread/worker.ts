/** A thread's entry: large bodies, which can keep whoever parses them busy for a second. */

import { parentPort } from "node:worker_threads";
import { BadRequest, PayloadTooLarge } from "../../src/errors.ts";
import type { Question, Verdict } from "./messages.ts";
import { readBody, textOf } from "./read.ts";

parentPort?.on("message", ({ id, given }: Question) => {
  parentPort?.postMessage(verdictOn(id, given));
});

function verdictOn(id: number, given: Question["given"]): Verdict {
  try {
    if (typeof given !== "string") return { id, read: readBody(given) };
    return { id, checked: textOf(JSON.parse(given)) };
  } catch (error) {
    if (error instanceof SyntaxError) return { id, refused: { status: 400, message: "Not JSON" } };
    if (!(error instanceof BadRequest || error instanceof PayloadTooLarge)) throw error;
    const { status, message } = error;
    return { id, refused: { status, message } };
  }
}
