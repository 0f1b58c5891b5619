/** Tools of one's own. */
import { create } from "isolate/kernel";
import { inject } from "isolate/common";
import { parse } from "isolate/permissions/parser";
import { build, registry, setup } from "isolate/tools";
import type { Perms, Registry, Tool } from "isolate/types";

/** Reaches one host, and says so. */
export function http(): Tool {
  return {
    name: "http",
    permissions: { net: ["api.example.com"] },
    setup: (globals) => {
      const api = {
        get: async (path: string): Promise<unknown> => {
          const response = await fetch(`https://api.example.com${path}`);
          return response.json();
        },
      };
      inject(globals, "http", Object.freeze(api));
    },
  };
}

/** Writes lines of its own form. */
export const simpleLogger: Tool = {
  name: "simpleLogger",
  description: "Lines with their level",
  setup: (globals) => {
    globals.simpleLogger = {
      info: (text: string) => console.log(`[INFO] ${text}`),
      error: (text: string) => console.error(`[ERROR] ${text}`),
      debug: (text: string) => console.log(`[DEBUG] ${text}`),
    };
  },
};

/** Takes the place of a global. */
export const quietFetch: Tool = {
  name: "fetch",
  description: "A fetch that reaches nothing",
  setup: (globals) => {
    globals.fetch = async (_url: string) => ({ ok: true, data: {} });
  },
};

/** Computes its permissions for each execution. */
export const files: Tool = {
  name: "files",
  permissions: (context): Perms => {
    const url = context.config.DATABASE_URL;
    return { env: ["DATABASE_URL"], net: url === undefined ? [] : [parse(url)] };
  },
  config: { table: "files" },
  setup: async (globals) => {
    globals.files = Object.freeze({ list: () => [] });
  },
};

export const open = () =>
  create({ tools: [http(), simpleLogger, quietFetch, files], config: { sandbox: "none" } });

/** Tools by their names, those of one's own among them. */
export const all: Registry = registry([...build({ crypto: { subtle: false } }), http(), files]);

/** Puts tools on an object of this process. */
export async function install(tools: readonly Tool[]): Promise<Record<string, unknown>> {
  const globals: Record<string, unknown> = {};
  await setup([...tools], globals);
  return globals;
}
