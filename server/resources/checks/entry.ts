/**
 * Checks types and arguments in a confined process of one tenant, because a pattern can take a
 * second.
 */
import { LRUCache } from "lru-cache";
import type { MakeHandler } from "../../../src/confined-process/entry.ts";
import { ResourceTypeError } from "../../../src/resourcex/base/resourcex-errors.ts";
import { argumentCheck, type CheckArguments } from "../../../src/resourcex/types/arguments.ts";
import { TypeTable } from "../../../src/resourcex/types/type-table.ts";
import type { Question } from "./check-messages.ts";

const MAX_FAULT = 2_000;

/**
 * Caches checks, because making one takes longer than using it. A check takes many times the memory
 * of its schema's text.
 */
const known = new LRUCache<string, CheckArguments>({
  max: 100,
  maxSize: 4_194_304,
  sizeCalculation: (_check, key) => key.length,
});

function judge({ type, args }: Question): void {
  // Type with a dummy as code, which is not checked here.
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

const make: MakeHandler = async () => async (question) => {
  try {
    judge(question as Question);
    return { answer: {} };
  } catch (error) {
    if (!(error instanceof ResourceTypeError)) throw error;
    return { answer: { fault: error.message.slice(0, MAX_FAULT) } };
  }
};

export default make;
