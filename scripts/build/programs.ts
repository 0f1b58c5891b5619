/** Bundles the programs that run outside of the control plane into plain JavaScript. */
import { basename, join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { externalBuiltins } from "../../src/bundler/build-options.ts";
import { IMPORT_MAP, RUNNER_ENTRY, type RunnerMode } from "../../src/deno/runner.ts";
import { RUNNER_URL } from "../../src/engines/in-process/runner-url.ts";
import { DRIZZLE_MODULES } from "../../src/protocol/drizzle-specifiers.ts";
import type { Removal } from "../../src/protocol/host-settings.ts";
import { TOOL_MODULES } from "../../src/tools/tool-modules.ts";
import { CHANGED_MODULES, importMap } from "./import-map.ts";
import { RESOLVER, UNPACKER } from "./package-builders.ts";

/** Output files by their paths, and their sources. */
export interface Built {
  readonly files: Readonly<Record<string, string>>;
  /** Absolute paths of all sources. */
  readonly inputs: readonly string[];
}

/** Folder of the runner with the database tool and Drizzle. */
const DATABASE_FOLDER = "database";
const DATABASE_SOURCE = "runner-image/database/tool.ts";

const MODULE = { bundle: true, format: "esm", target: "esnext" } as const;
const NEUTRAL = { ...MODULE, platform: "neutral" } as const;
/** Options for programs that are sent to each started process. */
const SMALL = { minify: true, legalComments: "none" } as const;

/** Options for programs with CommonJS packages, which require modules of Node. */
const REQUIRES = {
  banner: { js: "const require = (name) => process.getBuiltinModule(name);" },
} as const;

/** Options for the database tool, in every place. */
const DATABASE = {
  ...NEUTRAL,
  ...SMALL,
  mainFields: ["module", "main"],
  conditions: ["module"],
  // A sandbox may read no variable, and the driver asks for some.
  define: { "process.env": "NO_VARIABLES" },
  banner: { js: "const NO_VARIABLES = {};" },
  // The driver would read files with queries, and ask for the user of the process.
  plugins: [without("fs", "os"), externalBuiltins],
} satisfies BuildOptions;

/** Builds all programs, by their paths below `dist/programs`. */
export async function buildPrograms(): Promise<Built> {
  return merge([
    within("runner", await buildRunner("none")),
    within("runner-open", await buildRunner("inherit")),
    await buildEgress(),
    within("realm", await buildRealm()),
    within("confined", await buildConfined("main", "src/confined-process/entry.ts")),
    within("confined", await buildConfined("compiler", "src/bundler/compiler-entry.ts")),
    within("confined", await buildConfined("packages", "src/bundler/packages-entry.ts", REQUIRES)),
    within("confined", await buildConfined("checker", "src/bundler/checker-entry.ts")),
    within("confined", await buildConfined("unpacker", "src/resourcex/archive/unpacker-entry.ts")),
    within("confined", await buildConfined("schemas", "server/resources/checks/entry.ts")),
    within(
      "confined",
      await buildConfined("package-unpacker", "src/packages/unpacker/entry.ts", UNPACKER),
    ),
    within(
      "confined",
      await buildConfined("package-resolver", "src/packages/resolver/entry.ts", RESOLVER),
    ),
    await buildTypeEntry(),
    await buildToolModules(),
    within("code-cache", await buildPacker()),
    within("spawner", await buildSpawner()),
  ]);
}

/**
 * Builds the runner of a sandbox, its Worker and the database tool. Deno starts the bundles several
 * times faster than their sources.
 *
 * @param leftOut Removals between two executions to leave out. Only for tests.
 */
export async function buildRunner(
  mode: RunnerMode = "none",
  leftOut: readonly Removal[] = [],
): Promise<Built> {
  const nested = await bundle({ ...NEUTRAL, entryPoints: ["runner-image/nested.ts"] });
  const runner = await bundle({
    ...NEUTRAL,
    entryPoints: [`runner-image/${basename(RUNNER_ENTRY, ".js")}.ts`, "runner-image/worker.ts"],
    define: {
      WORKER_PERMISSIONS: JSON.stringify(mode),
      LEFT_OUT: JSON.stringify(leftOut),
      NESTED_PRELUDE: JSON.stringify(onlyFile(nested)),
      CHANGED_MODULES: JSON.stringify(Object.keys(CHANGED_MODULES)),
    },
  });
  return merge([runner, { files: {}, inputs: nested.inputs }, await buildDatabase()]);
}

/**
 * Builds the egress proxy as one module for Deno, which has the modules of Node that it uses.
 *
 * @param plugins Only for tests that take one of its protections away.
 */
export async function buildEgress(plugins: Plugin[] = []): Promise<Built> {
  return bundle({
    ...MODULE,
    entryPoints: { egress: "egress/main.ts" },
    platform: "node",
    // Empty, because the proxy has no environment for the database's client.
    define: { "process.env": "{}" },
    external: ["pg-native"],
    plugins,
    // The database's client is no ES module.
    ...REQUIRES,
  });
}

/**
 * Builds the database tool, and the modules of Drizzle that code may import. The files share their
 * common parts, so that all importers use one copy.
 */
async function buildDatabase(): Promise<Built> {
  const names = DRIZZLE_MODULES.map((specifier) => [basename(specifier), specifier]);
  const { files, inputs } = await bundle({
    ...DATABASE,
    entryPoints: { tool: DATABASE_SOURCE, ...Object.fromEntries(names) },
    // A unix socket has no password and no TLS. These modules take a fifth of the loading time.
    plugins: [without("tls", "crypto"), ...DATABASE.plugins],
    splitting: true,
  });
  const imports = DRIZZLE_MODULES.map((specifier) => {
    return [specifier, `./${DATABASE_FOLDER}/${basename(specifier)}.js`];
  });
  const map = JSON.stringify(importMap(imports));
  const database = within(DATABASE_FOLDER, { files, inputs });
  return { files: { ...database.files, [IMPORT_MAP]: map }, inputs };
}

/** Builds the runner and the database tool of level `none`, as scripts that return their module. */
async function buildRealm(): Promise<Built> {
  const runner = await bundle({
    ...NEUTRAL,
    format: "iife",
    entryPoints: { runner: "runner-image/in-process.ts" },
    globalName: "runner",
    banner: { js: "(() => {" },
    footer: { js: "return runner; })()" },
    define: { "import.meta.url": JSON.stringify(RUNNER_URL) },
  });
  const database = await bundle({
    ...DATABASE,
    format: "iife",
    entryPoints: { database: DATABASE_SOURCE },
    globalName: "tool",
    banner: { js: `(() => {const require=process.getBuiltinModule;${DATABASE.banner.js}` },
    footer: { js: "return tool; })()" },
  });
  return merge([runner, database]);
}

/** Builds a script for confined processes, with all its imports. */
export async function buildConfined(
  name: string,
  source: string,
  options: BuildOptions = {},
): Promise<Built> {
  const entryPoints = { [name]: source };
  return bundle({ ...MODULE, ...SMALL, entryPoints, platform: "node", ...options });
}

/** Builds the program for Deno that packs the runner's compiled code. */
async function buildPacker(): Promise<Built> {
  const entryPoints = { pack: "src/engines/code-cache/pack-entry.ts" };
  return bundle({ ...MODULE, entryPoints, platform: "node" });
}

/** Builds the program for Node.js that starts sandboxes which are processes. */
async function buildSpawner(): Promise<Built> {
  const entryPoints = { main: "src/engines/spawner/spawner-entry.ts" };
  return bundle({ ...MODULE, entryPoints, platform: "node" });
}

/** Builds the module that surrounds the code of each resource type. */
async function buildTypeEntry(): Promise<Built> {
  return bundle({
    ...NEUTRAL,
    entryPoints: { "type-entry": "src/resourcex/data/sandbox-entry.ts" },
    plugins: [externalBuiltins],
  });
}

/** Builds the modules that tools may import, each by itself. */
async function buildToolModules(): Promise<Built> {
  const entryPoints = TOOL_MODULES.map((name) => `src/${name}.ts`);
  const plugins = [externalBuiltins];
  return bundle({
    ...NEUTRAL,
    mainFields: ["module", "main"],
    outbase: "src",
    entryPoints,
    plugins,
  });
}

async function bundle(options: BuildOptions): Promise<Built> {
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: PACKAGE_ROOT,
    outdir: "/",
    write: false,
    metafile: true,
    logLevel: "warning",
  });
  const files = (outputFiles ?? []).map(({ path, text }) => [path.slice(1), text] as const);
  return { files: Object.fromEntries(files), inputs: inputsOf(metafile) };
}

/** Lists the absolute paths of the sources that are files. */
export function inputsOf({ inputs }: Metafile): string[] {
  const paths = Object.keys(inputs).filter((input) => !/^[a-z]+:/.test(input));
  return paths.map((path) => join(PACKAGE_ROOT, path));
}

/** Replaces modules of the runtime by empty ones. They cost more to load than the whole driver. */
function without(...names: string[]): Plugin {
  return {
    name: "without",
    setup({ onResolve, onLoad }) {
      const filter = new RegExp(`^(${names.join("|")})$`);
      onResolve({ filter }, ({ path }) => ({ path, namespace: "nothing" }));
      onLoad({ filter, namespace: "nothing" }, () => ({ contents: "export default {};" }));
    },
  };
}

function within(folder: string, { files, inputs }: Built): Built {
  const moved = Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]);
  return { files: Object.fromEntries(moved), inputs };
}

function merge(parts: readonly Built[]): Built {
  return {
    files: Object.assign({}, ...parts.map(({ files }) => files)),
    inputs: parts.flatMap(({ inputs }) => inputs),
  };
}

/** Returns the text of a bundle's only file. */
export function onlyFile({ files }: Built): string {
  const [text] = Object.values(files);
  if (text === undefined) throw new Error("Nothing has been built");
  return text;
}
