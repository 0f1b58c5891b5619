import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../src/base/errors.ts";
import { isBuiltIn, pluginsOf } from "../../src/kernel/steps.ts";
import type { IsolatePlugin, PluginApi } from "../../src/plugins/plugin.ts";
import { importModule } from "./import-module.ts";

/** Most milliseconds of one module, and of all asynchronous setups. */
const WITHIN = 60_000;
const MAX_MESSAGE = 500;
const ENDINGS = [".js", ".mjs", ".cjs", ".ts", ".mts"];

/** A plugin, and the file or package that it is of. */
interface Loaded {
  readonly plugin: IsolatePlugin;
  readonly source: string;
}

export interface LoadedPlugins {
  readonly plugins: readonly IsolatePlugin[];
  /** Names with their sources, for people; empty if there are none. */
  readonly shown: string;
  /**
   * Resolves when all asynchronous setups have. Called once the kernel is made.
   *
   * @throws {Error} In one line that names plugin and file.
   */
  ready(): Promise<void>;
}

export interface LoadOptions {
  /** Imports a module by its absolute path or its package. Default: with the library of this server. */
  readonly load?: (source: string) => Promise<Record<string, unknown>>;
  /** Default: a minute. */
  readonly within?: number;
}

/**
 * Loads the plugins of modules, in order. A module's default export is a plugin, a list of plugins, or a function
 * that returns or resolves with either.
 *
 * @throws {Error} In one line that names the file: for one that is missing, throws or exports something else. Also for
 * plugins that do not fit together.
 */
export async function loadPlugins(
  sources: readonly string[],
  { load = importModule, within = WITHIN }: LoadOptions = {},
): Promise<LoadedPlugins> {
  const loaded: Loaded[] = [];
  for (const given of sources) {
    let source = given;
    try {
      source = placeOf(given);
      if (source.startsWith("/")) await assertFile(source);
      const plugins = await bounded(pluginsIn(load, source), within);
      for (const plugin of plugins) loaded.push({ plugin, source });
    } catch (cause) {
      throw new Error(`Bad plugin in ${source}: ${lineOf(cause)}`, { cause });
    }
  }
  assertFit(loaded);
  const setups: Promise<unknown>[] = [];
  const ready = (): Promise<void> => bounded(Promise.all(setups), within).then(() => {});
  const plugins = loaded.map((each) => named(each, setups));
  const shown = loaded.map(({ plugin, source }) => `${plugin.name} (${source})`).join(", ");
  return { plugins, shown, ready };
}

/** Returns an absolute path, or the name of a package as it is. */
function placeOf(given: string): string {
  if (given.startsWith("file:")) return fileURLToPath(given);
  const isPath = /^\.{0,2}\//.test(given) || ENDINGS.includes(extname(given));
  return isPath ? resolve(given) : given;
}

async function assertFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new Error("There is no such file");
    throw error;
  });
  if (!found.isFile()) throw new Error("It is no file");
}

async function pluginsIn(
  load: NonNullable<LoadOptions["load"]>,
  source: string,
): Promise<readonly IsolatePlugin[]> {
  const { default: exported } = await load(source);
  if (exported === undefined) throw new Error("It has no default export");
  const made: unknown = typeof exported === "function" ? await exported() : exported;
  const list: readonly unknown[] = Array.isArray(made) ? made : [made];
  return list.map((each, index) => {
    assertPlugin(each, Array.isArray(made) ? `[${index}]` : "");
    return each;
  });
}

function assertPlugin(given: unknown, place: string): asserts given is IsolatePlugin {
  const what = `Its default export${place}`;
  if (typeof given !== "object" || given === null) {
    throw new Error(`${what} is ${given === null ? "null" : `a ${typeof given}`}, and no plugin`);
  }
  const { name, required, setup } = given as Partial<Record<keyof IsolatePlugin, unknown>>;
  if (typeof name !== "string" || name === "") throw new Error(`${what} has no name`);
  if (typeof setup !== "function") throw new Error(`${what} has no function "setup"`);
  const isList = Array.isArray(required) && required.every((each) => typeof each === "string");
  if (required !== undefined && !isList) throw new Error(`${what} requires no list of names`);
}

/** Checks names and requirements of all plugins, as the kernel does. */
function assertFit(loaded: readonly Loaded[]): void {
  try {
    pluginsOf({ plugins: loaded.map(({ plugin }) => plugin) });
  } catch (cause) {
    const message = lineOf(cause);
    const meant = loaded.filter(({ plugin }) => message.includes(plugin.name));
    const places = (meant.length > 0 ? meant : loaded).map(({ source }) => source);
    throw new Error(`Bad plugin in ${[...new Set(places)].join(", ")}: ${message}`, { cause });
  }
}

/** Returns a plugin whose setup names the file in its errors. Built-in ones are known by identity. */
function named({ plugin, source }: Loaded, setups: Promise<unknown>[]): IsolatePlugin {
  if (isBuiltIn(plugin)) return plugin;
  const { name, required } = plugin;
  return {
    name,
    ...(required && { required }),
    setup(api: PluginApi) {
      const fault = (cause: unknown): Error => new Error(`${lineOf(cause)} (${source})`, { cause });
      let pending: unknown;
      try {
        pending = plugin.setup(api);
      } catch (cause) {
        throw fault(cause);
      }
      if (!(pending instanceof Promise)) return;
      const settled = pending.catch((cause: unknown) => {
        throw new Error(`Plugin "${name}" failed in its setup: ${fault(cause).message}`, { cause });
      });
      // Handled by `ready()`.
      settled.catch(() => {});
      setups.push(settled);
      return settled;
    },
  };
}

/** Rejects if the work takes too long. */
async function bounded<T>(work: Promise<T>, within: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`It took longer than ${within / 1_000} s`));
    }, within);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the message of an error in one line, with the place of a fault of syntax. */
function lineOf(thrown: unknown): string {
  const message = messageOf(thrown)
    .replace(/\s*\n\s*/g, " ")
    .trim();
  const at = thrown instanceof SyntaxError ? /^file:\S*:(\d+)\n/.exec(thrown.stack ?? "") : null;
  const line = at === null ? "" : ` (line ${at[1]})`;
  return `${message.slice(0, MAX_MESSAGE)}${line}`;
}
