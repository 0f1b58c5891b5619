import type { IsolatePlugin } from "../../src/index.ts";

/** Gives every execution at least `ms` milliseconds: another context in `onLoad`. */
export function patience(ms: number): IsolatePlugin {
  return {
    name: "patience",
    required: ["guard"],
    setup(api) {
      api.onLoad.tap((context) => {
        const timeout = Math.max(ms, context.request.timeout);
        return { ...context, request: { ...context.request, timeout } };
      });
    },
  };
}
