/** Entry of the thread: it reads large bodies and source maps, each of which may take a second. */

import { parentPort } from "node:worker_threads";
import { BadRequest, PayloadTooLarge } from "../../../src/base/errors.ts";
import { partsOfText } from "../../../src/base/json-text.ts";
import { inFiles } from "../../../src/engines/explain/source-positions.ts";
import type { Question, Verdict } from "./messages.ts";
import { readBody } from "./read.ts";

parentPort?.on("message", (question: Question) => {
  parentPort?.postMessage(verdictOn(question));
});

function verdictOn(question: Question): Verdict {
  try {
    if (question instanceof Uint8Array) return { read: readBody(question) };
    if (typeof question !== "string") return { translated: inFiles(question.logs, question.map) };
    // Kept as it is: numbers of more digits than a double holds would be rounded.
    JSON.parse(question);
    return { checked: partsOfText(question) };
  } catch (error) {
    if (error instanceof SyntaxError) return { refused: { status: 400, message: "Not JSON" } };
    if (!(error instanceof BadRequest || error instanceof PayloadTooLarge)) throw error;
    const { status, message } = error;
    return { refused: { status, message } };
  }
}
