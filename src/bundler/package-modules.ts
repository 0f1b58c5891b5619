/** Finds and loads the modules of packages for the bundler. It runs in a confined process. */
import { posix } from "node:path";
import type * as Esbuild from "esbuild-wasm";
import { urlModule, wasmModule } from "./package-assets.ts";
import { ESM_MARK } from "./package-fault.ts";
import { fileModule, filesModule, REPLACED_MODULES } from "./package-files.ts";
import type { Need } from "./package-needs.ts";
import { OS_MODULE, PROCESS } from "./package-process.ts";
import { type ImportKind, PACKAGES, packageNameOf, packageResolver } from "./package-resolver.ts";
import { formatOf, hasSideEffects, metaModule, preparedSource } from "./package-source.ts";
import type { PackageTree } from "./package-tree.ts";
import { builtinText } from "./resolve-import.ts";

/** Namespace of files. It and a path are their names in source maps. */
const PACKAGE = "package";
const BUILTIN = "builtin";
const MISSING = "missing";
const MADE = "isolate";

const TEXT = new Set([
  ".txt",
  ".md",
  ".html",
  ".css",
  ".svg",
  ".sql",
  ".graphql",
  ".glsl",
  ".yaml",
  ".yml",
]);
const TYPESCRIPT: Readonly<Record<string, Esbuild.Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".jsx": "jsx",
};

/** Loads modules from the packages alone. */
export function packageModules(tree: PackageTree, needs: readonly Need[]): Esbuild.Plugin {
  const resolve = packageResolver(tree);
  const found = (file: string, isKept = false): Esbuild.OnResolveResult => {
    const isModule = /\.[jt]sx?$/.test(file) && formatOf(file, tree) === "esm";
    return {
      path: `${file.slice(1)}${isModule ? ESM_MARK : ""}`,
      namespace: PACKAGE,
      pluginData: file,
      ...(!isKept && !hasSideEffects(file, tree) && { sideEffects: false }),
    };
  };
  return {
    name: PACKAGE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^isolate:(asset|bytes|files|meta|url)\// }, ({ path }) => ({
        path: path.slice(MADE.length + 1),
        namespace: MADE,
        ...(!path.startsWith("isolate:asset/") && { sideEffects: false }),
      }));
      onResolve({ filter: /.*/ }, ({ path, importer, namespace, kind, pluginData }) => {
        const isRequired = kind === "require-call" || kind === "require-resolve";
        if (kind === "require-resolve") return { path, external: true };
        const wanted: ImportKind = isRequired ? "require" : "import";
        const need =
          namespace === "entry" ? needs[Number(/^need:(\d+)$/.exec(path)?.[1])] : undefined;
        const directory = need ? "/" : posix.dirname(String(pluginData ?? `/${importer}`));
        const specifier = need?.specifier ?? path;
        const target = resolve(specifier, directory, wanted);
        if (target === undefined) {
          const fault = notFound(specifier, need ? undefined : importer, tree);
          if (need !== undefined || kind === "import-statement")
            return { errors: [{ text: fault }] };
          return { path: fault, namespace: MISSING };
        }
        if ("builtin" in target)
          return { path: target.builtin, namespace: BUILTIN, sideEffects: false };
        if ("empty" in target) return { path: "empty", namespace: MADE };
        return found(target.file, need?.names.length === 0);
      });
      onLoad({ filter: /.*/, namespace: BUILTIN }, ({ path }) => ({
        contents: builtinModule(path),
        loader: "js",
      }));
      onLoad({ filter: /.*/, namespace: MISSING }, ({ path }) => ({
        contents: `throw Object.assign(new Error(${JSON.stringify(path)}), { code: "MODULE_NOT_FOUND" });`,
        loader: "js",
      }));
      onLoad({ filter: /.*/, namespace: MADE }, ({ path }) => made(path, tree));
      onLoad({ filter: /.*/, namespace: PACKAGE }, ({ path, pluginData, with: attributes }) => {
        const file = String(pluginData ?? `/${path}`);
        const canImport = (name: string): boolean =>
          resolve(name, posix.dirname(file), "import") !== undefined;
        try {
          return { ...load(file, tree, attributes.type, canImport), pluginData: file };
        } catch (error) {
          return {
            errors: [
              { text: (error as Error).message, location: { file: `${PACKAGE}:${path}`, line: 1 } },
            ],
          };
        }
      });
    },
  };
}

/** Makes the module of packages for one of the runtime. */
function builtinModule(name: string): string {
  const replaced = REPLACED_MODULES[name];
  if (replaced !== undefined) return replaced;
  if (name === "node:os") return OS_MODULE;
  return name === "node:process" ? `module.exports = ${PROCESS};` : builtinText(name);
}

function load(
  file: string,
  tree: PackageTree,
  type: string | undefined,
  canImport: (path: string) => boolean,
): Esbuild.OnLoadResult {
  const ending = posix.extname(file);
  if (type === "text" || (type === undefined && TEXT.has(ending))) {
    return { contents: tree.bytes(file), loader: "text" };
  }
  if (type === "bytes") return { contents: tree.bytes(file), loader: "binary" };
  if (ending === ".json" || type === "json") return { contents: tree.bytes(file), loader: "json" };
  if (ending === ".wasm") return { contents: wasmModule(file, tree, canImport), loader: "js" };
  if (ending === ".node") {
    const fault = `${file.slice(1)} is native code, which a sandbox does not load`;
    return { contents: `throw new Error(${JSON.stringify(fault)});`, loader: "js" };
  }
  const loader = TYPESCRIPT[ending] ?? "js";
  return { contents: preparedSource(file, tree, formatOf(file, tree)), loader };
}

/** Makes the modules that other modules of packages get beside files. */
function made(path: string, tree: PackageTree): Esbuild.OnLoadResult {
  const [, kind = "", file = ""] = /^(\w+)(\/.*)?$/s.exec(path) ?? [];
  if (kind === "files") return { contents: filesModule, loader: "js" };
  if (kind === "empty" || !tree.has(file)) return { contents: "", loader: "js" };
  if (kind === "bytes") return { contents: tree.bytes(file), loader: "binary" };
  if (kind === "url") return { contents: urlModule(file, tree), loader: "js" };
  return { contents: kind === "meta" ? metaModule(file) : fileModule(file), loader: "js" };
}

/** Describes an import of nothing. Only a package that is not there can be added. */
function notFound(specifier: string, importer: string | undefined, tree: PackageTree): string {
  const from = importer === undefined ? "" : `, imported by ${importer.replace(ESM_MARK, "")}`;
  const name = packageNameOf(specifier) ?? specifier;
  const isThere = /^[./#]/.test(specifier) || tree.hasDirectory(`/${PACKAGES}/${name}`);
  const advice = isThere ? "the package has no such module" : `add "${name}" to dependencies`;
  return `Cannot find "${specifier}"${from}: ${advice}`;
}
