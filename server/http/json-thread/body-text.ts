import { BadRequest, PayloadTooLarge } from "../../../src/base/errors.ts";
import { jsonShape } from "../../../src/base/json-shape.ts";

/** Characters from which on a text is checked before it is parsed. */
export const LARGE = 65_536;
/** Most arrays and objects, members of objects, and values of a body. */
const MAX_CONTAINERS = 200_000;
const MAX_NAMES = 200_000;
const MAX_VALUES = 1_000_000;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a body.
 *
 * @throws {BadRequest} If it is no JSON in UTF-8.
 * @throws {PayloadTooLarge} If parsing it would take many seconds.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new BadRequest("", "The body is not valid UTF-8");
  }
  assertParsable(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRequest("", `The body is not valid JSON: ${(error as Error).message}`);
  }
}

function assertParsable(text: string): void {
  if (text.length < LARGE) return;
  const { containers, names, commas } = jsonShape(text);
  const refuse = (what: string): never => {
    throw new PayloadTooLarge("", `The body holds more than ${what}`);
  };
  if (containers > MAX_CONTAINERS) refuse(`${MAX_CONTAINERS} arrays and objects`);
  if (names > MAX_NAMES) refuse(`${MAX_NAMES} members of objects`);
  if (commas > MAX_VALUES) refuse(`${MAX_VALUES} values`);
}
