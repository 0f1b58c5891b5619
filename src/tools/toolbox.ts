import { createCrypto } from "../common/crypto.ts";
import { config, type PartialConfig } from "../config/config.ts";
import { DATABASE_VARIABLE } from "../config/database.ts";
import { parse } from "../permissions/parser.ts";
import type { Perms } from "../permissions/perms.ts";
import { isThenable } from "./shape.ts";
import type { Registry, Tool, ToolContext } from "./tool.ts";

const builtIn = new WeakSet<Tool>();

/**
 * Makes the built-in tools for some settings, as objects that programs can list. Every isolate has
 * them already.
 *
 * @throws {BadRequest} that names the field, for a bad value of `crypto` or `db`.
 *
 * @example
 * build({ crypto: { subtle: false } }).map(({ name }) => name) // ["crypto", "channel", "database"]
 */
export function build({ crypto, db }: Pick<PartialConfig, "crypto" | "db"> = {}): Tool[] {
  const settings = config({ ...(crypto && { crypto }), ...(db && { db }), strict: false });
  const tools: Tool[] = [
    {
      name: "crypto",
      description: "Web Crypto: random values, UUIDs and, if allowed, subtle",
      permissions: "none",
      config: settings.crypto,
      setup(globals) {
        globals.crypto = createCrypto(settings.crypto);
      },
    },
    {
      name: "channel",
      description: "Messages between running executions of one tenant",
      permissions: "none",
      config: {},
      setup: () => onlyInSandbox("channel"),
    },
    {
      name: "database",
      description: "The PostgreSQL database of DATABASE_URL, by Drizzle",
      permissions: permissionsOfDatabase,
      // The URL stays outside, because programs may print what they list.
      config: { hosts: settings.db.hosts },
      setup: () => onlyInSandbox("database"),
    },
  ];
  for (const tool of tools) builtIn.add(Object.freeze(tool));
  return tools;
}

/** Tells whether a tool comes from `build()`. */
export function isBuiltIn(tool: Tool): boolean {
  return builtIn.has(tool);
}

/**
 * Lists tools by their names. Default: the built-in ones. Of two with one name the later one counts.
 *
 * @example
 * Object.keys(registry([{ name: "clock", setup: () => {} }])) // ["clock"]
 */
export function registry(tools: readonly Tool[] = build()): Registry {
  return Object.fromEntries(tools.map((tool) => [tool.name, tool]));
}

/** The built-in tools with their default settings, by name. */
export const defaults: Registry = Object.freeze(registry());

/**
 * Sets up tools on `globals`, one after the other. Returns a promise if one of them does.
 *
 * @throws {Error} as the tools do. The built-in `channel` and `database` exist in sandboxes alone.
 *
 * @example
 * const globals = {};
 * setup([{ name: "answer", setup: (all) => { all.answer = 42; } }], globals);
 * globals // { answer: 42 }
 */
export function setup(
  tools: readonly Tool[],
  globals: Record<string, unknown>,
): void | Promise<void> {
  for (const [index, tool] of tools.entries()) {
    const pending = tool.setup(globals);
    if (isThenable(pending)) return pending.then(() => setup(tools.slice(index + 1), globals));
  }
}

function permissionsOfDatabase({ config: settings }: ToolContext): Perms {
  const url = settings[DATABASE_VARIABLE];
  if (url === undefined) return "none";
  return { env: [DATABASE_VARIABLE], net: [parse(url), ...settings.db.hosts] };
}

function onlyInSandbox(name: string): never {
  throw new Error(`The tool "${name}" exists in sandboxes alone: name it in a request`);
}
