import { resolveTools } from "../tools/registry.ts";
import type { IsolatePlugin } from "./plugin.ts";

/** Turns the names of tools into tools, and offers that to others as `onToolset`. */
export const ToolsetPlugin: IsolatePlugin = {
  name: "toolset",
  required: ["guard"],
  setup(api) {
    const resolve = (names: readonly string[]) => resolveTools(names, api.config);
    api.onToolset.tap(() => ({ resolve }));
    api.onLoad.tap((context) => ({ ...context, tools: resolve(context.request.tools) }));
  },
};
