import type { Config } from "../config.ts";
import { BadRequest } from "../errors.ts";
import type { ToolUse } from "../protocol/messages.ts";

/** Names a request may use, and the tool each stands for. */
const TOOLS: Readonly<Record<string, (config: Config) => ToolUse>> = {
  crypto: (config) => ({ name: "crypto", config: config.crypto }),
  channel: () => ({ name: "channel", config: {} }),
};

/**
 * Looks up the tools a request names, each once. Throws `BadRequest` for an unknown name, listing
 * those there are.
 */
export function resolveTools(names: readonly string[], config: Config): ToolUse[] {
  const uses = names.map((name, index) => {
    const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
    if (tool !== undefined) return tool(config);
    const known = Object.keys(TOOLS).join(", ");
    const field = `tools[${index}]`;
    throw new BadRequest(
      field,
      `${field}: Unknown tool "${name.slice(0, 100)}"; there is ${known}`,
    );
  });
  return uses.filter(({ name }, index) => uses.findIndex((use) => use.name === name) === index);
}
