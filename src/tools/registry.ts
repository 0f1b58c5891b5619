import { BadRequest } from "../base/errors.ts";
import { didYouMean } from "../base/nearest.ts";
import { shorten } from "../base/shorten.ts";
import type { Config } from "../config/config.ts";
import { DATABASE_VARIABLE, databaseGrant, databaseToolConfig } from "../config/database.ts";
import type { ToolUse } from "../protocol/messages.ts";
import type { SandboxLevel } from "../request/types.ts";
import type { CustomTool } from "./tool.ts";

/** Built-in names that a request may use → the tool. */
const TOOLS: Readonly<Record<string, BuiltIn>> = {
  crypto: (config) => ({ name: "crypto", config: config.crypto }),
  channel: () => ({ name: "channel", config: {} }),
  database,
  db: database,
};

type BuiltIn = (config: Config, level: SandboxLevel, field: string) => ToolUse;

function database({ db, tenants }: Config, level: SandboxLevel, field: string): ToolUse {
  const grant = databaseGrant(db);
  if (grant === null) {
    const message = tenants
      ? "This tenant has no database"
      : `There is no database here: the host sets none in ${DATABASE_VARIABLE}`;
    throw new BadRequest(field, `${field}: ${message}`);
  }
  return { name: "database", config: databaseToolConfig(grant, level) };
}

/** Returns the main name of a tool that has two. */
export function nameOfTool(name: string): string {
  return name === "db" ? "database" : name;
}

/** Names that no custom tool can have, because this version or a later one may use them. */
export const RESERVED_NAMES: readonly string[] = ["crypto", "channel", "database", "db"];

/**
 * Looks up the tools of a request, each once, as they are at a level.
 *
 * @throws {BadRequest} For an unknown name, listing the known ones, and for a database where there
 * is none.
 */
export function resolveTools(
  names: readonly string[],
  config: Config,
  custom: readonly CustomTool[] = [],
  level: SandboxLevel = "container",
): ToolUse[] {
  const uses = names.map((name, index) => {
    const field = `tools[${index}]`;
    const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
    if (tool !== undefined) return tool(config, level, field);
    const registered = custom.find((candidate) => candidate.tool.name === name);
    if (registered !== undefined) return useOf(registered);
    const known = [...Object.keys(TOOLS), ...custom.map(({ tool }) => tool.name)];
    const words = `Unknown tool "${shorten(name)}"; there is ${known.join(", ")}`;
    throw new BadRequest(field, `${field}: ${words}${didYouMean(name, known)}`);
  });
  return uses.filter(({ name }, index) => uses.findIndex((use) => use.name === name) === index);
}

function useOf({ tool, module }: CustomTool): ToolUse {
  const use = { name: tool.name, config: {} };
  return module === undefined
    ? { ...use, setup: (globals) => tool.setup(globals) }
    : { ...use, module };
}
