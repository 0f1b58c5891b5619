import type { OutputLimits } from "../src/protocol/limits.ts";
import { described, RunnerFault } from "./base/faults.ts";
import { stringifyJson } from "./base/primordials.ts";
import { Conversion, tooLarge } from "./conversion.ts";

/**
 * Writes the returned value as JSON text; `undefined` stays `undefined`. Gives a promise only if
 * the value holds promises or async iterators. The runtime's own serializer writes what
 * `Conversion` makes of it.
 *
 * @throws {RunnerFault} `SerializationError` with the path for what JSON cannot hold,
 * `OutputLimitError` for too much.
 * @throws {RejectedPart} For a promise in the value that is rejected.
 */
export function serialize(
  value: unknown,
  limits: OutputLimits,
): string | undefined | Promise<string | undefined> {
  if (value === undefined) return undefined;
  const conversion = new Conversion(limits);
  const tree = conversion.convert(value);
  return conversion.waits ? later(conversion, tree, limits) : write(tree, limits);
}

async function later(
  conversion: Conversion,
  tree: unknown,
  limits: OutputLimits,
): Promise<string | undefined> {
  await conversion.settled();
  return write(tree, limits);
}

function write(tree: unknown, limits: OutputLimits): string | undefined {
  let text: string | undefined;
  try {
    text = stringifyJson(tree);
  } catch (thrown) {
    const message = `The result cannot be written as JSON: ${described(thrown)}`;
    throw new RunnerFault("SerializationError", message);
  }
  if (text !== undefined && text.length > limits.resultBytes) throw tooLarge(limits);
  return text;
}
