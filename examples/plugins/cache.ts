import type { IsolatePlugin, Output } from "../../src/index.ts";

/** Answers a repeated request from memory: a wrapper in `onExecute` that need not call `next`. */
export function cache(): IsolatePlugin {
  const outputs = new Map<string, Output>();
  return {
    name: "cache",
    required: ["guard", "loader"],
    setup(api) {
      api.onExecute.tap(async ({ request, input }, next) => {
        const key = JSON.stringify([request.code, request.entry, input]);
        const known = outputs.get(key);
        if (known !== undefined) return known;
        const output = await next();
        if (output.ok) outputs.set(key, output);
        return output;
      });
    },
  };
}
