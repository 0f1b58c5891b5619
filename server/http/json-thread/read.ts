import { PayloadTooLarge } from "../../../src/base/errors.ts";
import { exactJson } from "../../../src/base/exact-json.ts";
import { isDeeperThan } from "../../../src/base/json-depth.ts";
import { type JsonTextParts, partsOfText } from "../../../src/base/json-text.ts";
import { MAX_DEPTH } from "../../../src/protocol/limits.ts";
import { parseJson } from "./body-text.ts";
import type { LiftedInput, ReadBody } from "./messages.ts";

/** Values beside the inputs. The loop that serves requests copies them in one step. */
const MAX_REST = 20_000;
/** Levels of those values, because a message between threads is written and read by recursion. */
const MAX_LEVELS = 100;

/**
 * Reads a large body. Its inputs are taken out as text, because a sandbox gets text and no other
 * code reads them.
 *
 * @throws {BadRequest} If it is no JSON.
 * @throws {PayloadTooLarge} If it is too large to read.
 */
export function readBody(bytes: Uint8Array): ReadBody {
  const body = parseJson(bytes);
  const inputs: LiftedInput[] = [];
  if (isObject(body)) {
    lift(body, null, inputs);
    const { params } = body;
    // A call of the tool `execute` over MCP. Arguments of other tools are inputs as a whole.
    if (isObject(params) && params.name === "execute" && isObject(params.arguments)) {
      lift(params.arguments, "arguments", inputs);
    }
    if (Array.isArray(body.requests)) {
      for (const [of, each] of body.requests.entries()) if (isObject(each)) lift(each, of, inputs);
    }
  }
  if (isLargerThan(body, MAX_REST)) {
    throw new PayloadTooLarge("", `The body holds more than ${MAX_REST} values beside its input`);
  }
  if (isDeeperThan(body, MAX_LEVELS)) {
    const message = `The body is nested deeper than ${MAX_LEVELS} levels beside its input`;
    throw new PayloadTooLarge("", message);
  }
  return { body, inputs };
}

function lift(holder: Record<string, unknown>, of: LiftedInput["of"], inputs: LiftedInput[]): void {
  if (!Object.hasOwn(holder, "input")) return;
  inputs.push({ of, ...textOf(holder.input) });
  holder.input = null;
}

/** Writes a value as text on one line, from which the same value is parsed. */
function textOf(value: unknown): JsonTextParts {
  const isTooDeep = isDeeperThan(value, MAX_DEPTH);
  return { ...partsOfText(isTooDeep ? "null" : exactJson(value)), isTooDeep };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tests a value's size without recursion, because a body can be nested deeper than a stack. */
function isLargerThan(value: unknown, limit: number): boolean {
  const open: unknown[] = [value];
  let size = 0;
  while (open.length > 0) {
    const each = open.pop();
    if (typeof each !== "object" || each === null) continue;
    const values = Array.isArray(each) ? each : Object.values(each);
    size += values.length;
    if (size > limit) return true;
    for (const inner of values) open.push(inner);
  }
  return false;
}
