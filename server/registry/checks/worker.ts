/** A thread's entry: schemas of tenants, which can keep whoever follows them busy for a second. */

import { parentPort } from "node:worker_threads";
import { LRUCache } from "lru-cache";
import { messageOf } from "../../../src/errors.ts";
import { argumentCheck, type CheckArguments } from "../../../src/resourcex/arguments.ts";
import { TypeTable } from "../../../src/resourcex/type-table.ts";
import type { Question, Verdict } from "./messages.ts";

/** Making a check takes longer than using it. One takes many times the memory of its schema's text. */
const known = new LRUCache<string, CheckArguments>({
  max: 100,
  maxSize: 4_194_304,
  sizeCalculation: (_check, key) => key.length,
});

function judge({ type, args }: Question): void {
  // Its code is not looked at here.
  const whole = { ...type, code: "0" };
  if (args === undefined) {
    new TypeTable([]).register(whole);
    return;
  }
  const key = JSON.stringify([type.name, type.schema]);
  const check = known.get(key) ?? argumentCheck(whole);
  known.set(key, check);
  check(args.value);
}

parentPort?.on("message", (question: Question) => {
  const { id } = question;
  let verdict: Verdict = { id };
  try {
    judge(question);
  } catch (error) {
    verdict = { id, fault: messageOf(error) };
  }
  parentPort?.postMessage(verdict);
});
