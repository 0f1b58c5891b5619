import type { Config } from "../config.ts";
import { BadRequest } from "../errors.ts";
import type { ToolUse } from "../protocol/messages.ts";
import { shorten } from "../shorten.ts";
import type { CustomTool } from "./tool.ts";

/** Built-in names a request may use, and the tool each stands for. */
const TOOLS: Readonly<Record<string, (config: Config) => ToolUse>> = {
  crypto: (config) => ({ name: "crypto", config: config.crypto }),
  channel: () => ({ name: "channel", config: {} }),
};

/** Names no custom tool can have, whether this version has the tool or a later one. */
export const RESERVED_NAMES: readonly string[] = ["crypto", "channel", "database", "db"];

/**
 * Looks up the tools a request names, each once. Throws `BadRequest` for an unknown name, listing
 * those there are.
 */
export function resolveTools(
  names: readonly string[],
  config: Config,
  custom: readonly CustomTool[] = [],
): ToolUse[] {
  const uses = names.map((name, index) => {
    const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
    if (tool !== undefined) return tool(config);
    const registered = custom.find((candidate) => candidate.tool.name === name);
    if (registered !== undefined) return useOf(registered);
    const known = [...Object.keys(TOOLS), ...custom.map(({ tool }) => tool.name)].join(", ");
    const field = `tools[${index}]`;
    throw new BadRequest(field, `${field}: Unknown tool "${shorten(name)}"; there is ${known}`);
  });
  return uses.filter(({ name }, index) => uses.findIndex((use) => use.name === name) === index);
}

function useOf({ tool, module }: CustomTool): ToolUse {
  const use = { name: tool.name, config: {} };
  return module === undefined
    ? { ...use, setup: (globals) => tool.setup(globals) }
    : { ...use, module };
}
