import { BadRequest } from "../base/errors.ts";
import { JsonText } from "../base/json-text.ts";
import { roundMemory } from "../base/round-memory.ts";
import { MAX_DEPTH } from "../protocol/limits.ts";
import { writeInput } from "../request/write-input.ts";
import { filesOf } from "./given-files.ts";
import type { IsolatePlugin } from "./plugin.ts";

/** Converts a request to the form for a sandbox: the input's text, its files, and a profile. */
export const LoaderPlugin: IsolatePlugin = {
  name: "loader",
  required: ["guard"],
  setup(api) {
    const { config } = api;
    api.onLoad.tap((context) => {
      const { request, tenant } = context;
      const { input, memory } = request;
      const profile = { memory: roundMemory(memory), cpus: config.cpus };
      const files = filesOf(request, config, tenant);
      return { ...context, input: textOf(input), profile, ...(files && { files }) };
    });
  },
};

function textOf(input: unknown): string | undefined {
  if (!(input instanceof JsonText)) return writeInput(input);
  if (!input.isTooDeep) return input.text;
  throw new BadRequest("input", `input: Nested deeper than ${MAX_DEPTH} levels`);
}
