/** `isolate/tools`: the built-in tools as objects, and lists of tools. */
export type { Registry, Tool, ToolContext, ToolSource } from "../tools/tool.ts";
export { build, defaults, registry, setup } from "../tools/toolbox.ts";
