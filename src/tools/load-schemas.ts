import { readdir } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import type { BuildFailure, Metafile, Plugin } from "esbuild";
import { messageOf } from "../base/errors.ts";
import { externalBuiltins, forEvaluate } from "../bundler/build-options.ts";
import { DRIZZLE_MODULES } from "../protocol/drizzle-specifiers.ts";

/** Tables of a folder, for sandboxes to evaluate. */
export interface SchemaBundle {
  /** Text for `ToolUse.module`; absent without tables. */
  readonly text?: string;
  /** Names of the tables, sorted. */
  readonly tables: readonly string[];
}

const NONE: SchemaBundle = { tables: [] };
const DEFAULT_FOLDER = "schemas";
const EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];
const DECLARATION = /\.d\.m?ts$/;

/** Most bytes of the bundle: it travels with each job that uses the database. */
const MAX_BUNDLE = 4_194_304;

/**
 * Bundles the modules of Drizzle tables directly in `folder`, and runs each once. Default folder:
 * `schemas` in the working directory, which may be missing. A named folder must exist.
 *
 * @throws {Error} Naming the file and its fault.
 */
export async function loadSchemas(folder?: string): Promise<SchemaBundle> {
  const directory = resolve(folder ?? DEFAULT_FOLDER);
  const files = await schemaFiles(directory, folder === undefined);
  if (files.length === 0) return NONE;
  const { text, order } = await bundle(directory, files);
  // Imported late, because it loads all of Drizzle and many hosts have no tables.
  const { Schema, schemaModules } = await import("../database-tool/schema.ts");
  const schema = new Schema();
  const modules = schemaModules(text);
  for (const file of order) {
    try {
      schema.add(file, modules.get(file)?.() ?? {});
    } catch (cause) {
      throw bad(join(directory, file), cause);
    }
  }
  return { text, tables: [...schema.tables.keys()].sort() };
}

async function schemaFiles(directory: string, isDefault: boolean): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    return files
      .filter((name) => EXTENSIONS.includes(extname(name)) && !DECLARATION.test(name))
      .sort();
  } catch (cause) {
    if (isDefault && (cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw bad(directory, cause);
  }
}

interface Bundled {
  readonly text: string;
  /** Files in order, each after the ones it imports, so that a failure is the file's own. */
  readonly order: readonly string[];
}

/** Bundles all modules into one text. Each is evaluated when it is first required. */
async function bundle(directory: string, files: readonly string[]): Promise<Bundled> {
  const modules = files.map((file) => {
    return `[${JSON.stringify(file)}, () => require(${JSON.stringify(`./${file}`)})]`;
  });
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    ...forEvaluate(),
    stdin: { contents: `export const files = [${modules.join(",")}];`, resolveDir: directory },
    absWorkingDir: directory,
    outdir: "/",
    plugins: [drizzleOutside, externalBuiltins],
  }).catch((cause: BuildFailure) => {
    const { text, location } = cause.errors?.[0] ?? { text: cause.message, location: null };
    const line = location === null ? "" : ` (line ${location.line})`;
    throw bad(join(directory, location?.file ?? ""), new Error(`${text}${line}`));
  });
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    const left = imports.find(({ external, path }) => external === true && !isOutside(path));
    if (left === undefined) continue;
    const reason = new Error(`It imports "${left.path}", which cannot be bundled`);
    throw bad(join(directory, file), reason);
  }
  const text = outputFiles[0]?.text ?? "";
  const size = Buffer.byteLength(text);
  if (size <= MAX_BUNDLE) return { text, order: inOrder(files, metafile) };
  throw bad(directory, new Error(`Bundled they have ${size} bytes, more than ${MAX_BUNDLE}`));
}

const DRIZZLE: ReadonlySet<string> = new Set(DRIZZLE_MODULES);

function isOutside(path: string): boolean {
  return DRIZZLE.has(path) || path.startsWith("node:");
}

/** Leaves imports of Drizzle out, so that tables and tool use the same copy of it. */
const drizzleOutside: Plugin = {
  name: "drizzle",
  setup({ onResolve }) {
    onResolve({ filter: /^drizzle-orm(\/|$)/ }, ({ path }) => {
      if (DRIZZLE.has(path)) return { path, external: true };
      const text = `No sandbox has "${path}"; there is ${DRIZZLE_MODULES.join(", ")}`;
      return { errors: [{ text }] };
    });
  },
};

/**
 * Sorts files by the number of their imports, indirect ones included. An imported file has fewer
 * than its importer, so it comes first.
 */
function inOrder(files: readonly string[], { inputs }: Metafile): string[] {
  const imported = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const { path } of inputs[file]?.imports ?? []) imported(path, seen);
    return seen;
  };
  return files.toSorted((a, b) => imported(a).size - imported(b).size);
}

function bad(place: string, cause: unknown): Error {
  return new Error(`Bad schema in ${place}: ${messageOf(cause)}`, { cause });
}
