/** Bundles the files of one function. It runs in a confined process without any other files. */
import { posix } from "node:path";
import type * as Esbuild from "esbuild-wasm";
import { TO_MODULE } from "./build-options.ts";
import { type Fault, faultOf } from "./bundle-fault.ts";
import { withClassNames } from "./class-names.ts";
import { FILE_LIMITS } from "./file-limits.ts";
import { jsxOptions, withJsxRuntime } from "./jsx.ts";
import { ownNames } from "./own-names.ts";
import { ImportedPackages, type PackageImports } from "./package-imports.ts";
import { type Need, needsOf, topNamesOf } from "./package-needs.ts";
import { builtinText, resolveImport } from "./resolve-import.ts";
import { type Pattern, patternModule, withPatterns } from "./variable-imports.ts";

export interface BundleInput {
  /** Files: path → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
  /** True: `main` is JavaScript if it parses as such, and TypeScript otherwise. Default: its ending tells. */
  readonly anyLanguage?: boolean | undefined;
}

export interface FilesInput extends BundleInput {
  /** Packages that they may import. Default: none. */
  readonly packages?: PackageImports | undefined;
}

/** The module and the files it was made of, or the fault in them. */
export type BundleOutput =
  | {
      readonly code: string;
      /** Source map of the code; absent if it is too large. */
      readonly map?: string;
      readonly inputs: readonly string[];
      /** Names of the main module's exports, if they are not too many. */
      readonly exports?: readonly string[];
      /** Needs of packages, after the first pass. */
      readonly needs?: readonly Need[];
      /** Names at the top of the module that the packages' text has, too, after the last pass. */
      readonly shadowed?: readonly string[];
    }
  | Fault;

export const NAMESPACE = "function";
const BUILTIN = "builtin";
const PATTERN = "pattern";
/** Prefix of a file in an import that the bundler's own modules make. */
const OWN_FILE = "isolate:file/";

/** Builds of one function: each may find imports with variable parts in files that were not known. */
const MAX_BUILDS = 8;

const MAX_EXPORTS = 500;

const LOADERS: Readonly<Record<string, Esbuild.Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".json": "json",
};

const JAVASCRIPT: Partial<Readonly<Record<Esbuild.Loader, Esbuild.Loader>>> = {
  ts: "js",
  tsx: "jsx",
};

/** Compiler options of the search for packages: also one whose names are unused is imported. */
const SEARCH = { compilerOptions: { verbatimModuleSyntax: true } };

/** Warnings turned into errors: imports that the bundler would keep, or search in directories. */
const REFUSED: Readonly<Record<string, Esbuild.LogLevel>> = {
  "unsupported-dynamic-import": "error",
  "unsupported-require-call": "error",
};

type Esbuilder = Pick<typeof Esbuild, "build">;

/** Bundles the files. Rejects if the bundler itself fails. */
export async function bundleFiles(esbuild: Esbuilder, input: FilesInput): Promise<BundleOutput> {
  let { files } = input;
  let asJavaScript = input.anyLanguage === true;
  const patterns: Pattern[] = [];
  for (let round = 1; ; round += 1) {
    try {
      return await bundle(esbuild, { ...input, files, patterns, asJavaScript });
    } catch (error) {
      const failure = error as Esbuild.BuildFailure;
      if (asJavaScript && !(await isJavaScript(esbuild, input))) {
        asJavaScript = false;
        continue;
      }
      const rewritten = round < MAX_BUILDS && withPatterns(files, failure, patterns);
      if (!rewritten) return faultOf(failure);
      files = rewritten;
    }
  }
}

/** Tells whether `main` parses as JavaScript. */
async function isJavaScript({ build }: Esbuilder, { files, main }: FilesInput): Promise<boolean> {
  const stdin = { contents: files[main] ?? "", loader: loaderOf(main, true) };
  const parsed = build({ stdin, bundle: false, write: false, logLevel: "silent", tsconfigRaw: {} });
  return parsed.then(
    () => true,
    () => false,
  );
}

function loaderOf(path: string, asJavaScript: boolean): Esbuild.Loader {
  const loader = LOADERS[posix.extname(path)] ?? "text";
  return asJavaScript ? (JAVASCRIPT[loader] ?? loader) : loader;
}

interface Sources extends FilesInput {
  readonly patterns: readonly Pattern[];
  /** True if `main` is read as JavaScript. */
  readonly asJavaScript: boolean;
}

async function bundle({ build }: Esbuilder, sources: Sources): Promise<BundleOutput> {
  const { packages: asked } = sources;
  const packages = asked && new ImportedPackages(asked, sources.files);
  const jsx = jsxOptions(sources.files);
  const make = (keepNames: boolean) =>
    build({
      ...TO_MODULE,
      entryPoints: [sources.main],
      keepNames,
      logOverride: REFUSED,
      tsconfigRaw: asked !== undefined && asked.dependencies === undefined ? SEARCH : {},
      ...jsx,
      plugins: [inMemory(sources, packages)],
    });
  const textOf = ({ outputFiles }: Awaited<ReturnType<typeof make>>, ending: string): string =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  let built = await make(false);
  let map = textOf(built, ".js.map");
  let code = textOf(built, ".js");
  const names = ownNames(code, map);
  if (names === undefined) {
    built = await make(true);
    map = textOf(built, ".js.map");
    code = textOf(built, ".js");
  } else {
    const textOfSource = (source: string): string | undefined => {
      const path = source.replace(/^function:/, "");
      return Object.hasOwn(sources.files, path) ? sources.files[path] : undefined;
    };
    code = `${withClassNames(code, map, textOfSource)}${names}`;
  }
  if (code.length > FILE_LIMITS.bundled) {
    return { fault: `Bundled, they exceed ${FILE_LIMITS.bundled} characters` };
  }
  const { inputs, outputs } = built.metafile;
  const made = Object.keys(inputs).filter((input) => !/^(builtin|pattern|stub):/.test(input));
  return {
    ...(packages === undefined ? { code } : joined(code, packages, asked)),
    ...(map.length <= FILE_LIMITS.map && { map }),
    inputs: made.map((input) => fileOf(input, sources.files)),
    ...exportsOf(outputs),
  };
}

/** Tells about the packages in bundled code. */
function joined(code: string, packages: ImportedPackages, { linked }: PackageImports = {}) {
  if (linked === undefined) {
    return { code, needs: needsOf(code, packages.imports, packages.prefix) };
  }
  const globals = new Set(linked.globals);
  const shadowed = topNamesOf(code).filter((name) => globals.has(name));
  return { code: packages.link(code), shadowed };
}

function inMemory(
  { files, main, patterns, asJavaScript }: Sources,
  packages?: ImportedPackages,
): Esbuild.Plugin {
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, (args) => {
        const { path, importer, kind } = args;
        if (kind === "entry-point") return { path, namespace: NAMESPACE };
        const pattern = patterns.findIndex(({ module }) => module === path);
        if (pattern >= 0) return { path: `${pattern}`, namespace: PATTERN };
        if (path.startsWith(OWN_FILE)) {
          return { path: path.slice(OWN_FILE.length), namespace: NAMESPACE };
        }
        const found = packages?.stub(path) ?? packages?.resolve(args);
        if (found !== undefined) return found;
        const resolved = resolveImport(files, importer, path);
        if (typeof resolved === "string") return { errors: [{ text: resolved }] };
        if ("file" in resolved) return { path: resolved.file, namespace: NAMESPACE };
        const isRequired = kind === "require-call" && resolved.external.startsWith("node:");
        return isRequired
          ? { path: resolved.external, namespace: BUILTIN }
          : { path: resolved.external, external: true };
      });
      onLoad({ filter: /.*/, namespace: BUILTIN }, ({ path }) => ({
        contents: builtinText(path),
        loader: "js",
      }));
      onLoad({ filter: /.*/, namespace: PATTERN }, ({ path }) => ({
        contents: patternModule(patterns[Number(path)] as Pattern, OWN_FILE),
        loader: "js",
      }));
      onLoad({ filter: /.*/, namespace: "stub" }, ({ path }) => ({
        contents: packages?.load(path) ?? "",
        loader: "js",
      }));
      onLoad({ filter: /.*/ }, ({ path }) => {
        const loader = loaderOf(path, asJavaScript && path === main);
        return { contents: withJsxRuntime(files[path] ?? "", loader), loader };
      });
    },
  };
}

/** Lists the exports of the main module, if they are not too many to be passed on. */
function exportsOf(outputs: Esbuild.Metafile["outputs"]): { exports?: readonly string[] } {
  const made = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined);
  return made !== undefined && made.exports.length <= MAX_EXPORTS ? { exports: made.exports } : {};
}

/**
 * Finds the file of an input, whose name may end with import attributes. Others stay as they are.
 */
function fileOf(input: string, files: BundleInput["files"]): string {
  const isOf = (path: string): boolean =>
    input === `${NAMESPACE}:${path}` || input.startsWith(`${NAMESPACE}:${path} with {`);
  return Object.keys(files).find(isOf) ?? input;
}
