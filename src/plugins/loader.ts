import { BadRequest, messageOf } from "../base/errors.ts";
import { isDeeperThan } from "../base/json-depth.ts";
import { JsonText } from "../base/json-text.ts";
import { roundMemory } from "../base/round-memory.ts";
import { MAX_DEPTH } from "../protocol/limits.ts";
import type { IsolatePlugin } from "./plugin.ts";

/** Converts a request to the form for a sandbox: JSON text, and a profile. */
export const LoaderPlugin: IsolatePlugin = {
  name: "loader",
  required: ["guard"],
  setup(api) {
    const { cpus } = api.config;
    api.onLoad.tap((context) => {
      const { input, memory } = context.request;
      const profile = { memory: roundMemory(memory), cpus };
      return { ...context, input: toJson(input), profile };
    });
  },
};

function toJson(input: unknown): string | undefined {
  if (input === undefined) return undefined;
  const isTooDeep = input instanceof JsonText ? input.isTooDeep : isDeeperThan(input, MAX_DEPTH);
  if (isTooDeep) {
    throw new BadRequest("input", `input: Nested deeper than ${MAX_DEPTH} levels`);
  }
  if (input instanceof JsonText) return input.text;
  try {
    return JSON.stringify(input);
  } catch (error) {
    throw new BadRequest("input", `input: Cannot be written as JSON: ${messageOf(error)}`);
  }
}
