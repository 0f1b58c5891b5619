/** Bundles the files of one function. It runs in a confined process without any other files. */
import { posix } from "node:path";
import type * as Esbuild from "esbuild-wasm";
import { FILE_LIMITS } from "./file-limits.ts";
import { resolveImport } from "./resolve-import.ts";

export interface BundleInput {
  /** Files: path → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
}

/** The module and the files it was made of, or the fault in them. */
export type BundleOutput =
  | { readonly code: string; readonly inputs: readonly string[] }
  | { readonly fault: string; readonly file?: string; readonly line?: number };

const NAMESPACE = "function";
const MAX_FAULT = 1_000;

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

/** Warnings turned into errors: imports that the bundler would keep, or search in directories. */
const REFUSED: Readonly<Record<string, Esbuild.LogLevel>> = {
  "unsupported-dynamic-import": "error",
  "unsupported-require-call": "error",
};
/** Texts of those warnings, and of one about a path with a variable part. */
const NOT_LITERAL =
  /^This (call to )?"[^"]+"(\(\)")? (expression )?(will not be bundled|was not)|^Could not resolve (import|require)[.\w]*\(/;

/** Bundles the files. Rejects if the bundler itself fails. */
export async function bundleFiles(
  { build }: Pick<typeof Esbuild, "build">,
  { files, main }: BundleInput,
): Promise<BundleOutput> {
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [main],
      bundle: true,
      format: "esm",
      platform: "neutral",
      target: "esnext",
      charset: "utf8",
      outdir: "/",
      write: false,
      metafile: true,
      logLevel: "silent",
      logOverride: REFUSED,
      tsconfigRaw: {},
      plugins: [inMemory(files)],
    });
    const code = outputFiles[0]?.text ?? "";
    if (code.length > FILE_LIMITS.bundled) {
      return { fault: `Bundled, they exceed ${FILE_LIMITS.bundled} characters` };
    }
    return { code, inputs: Object.keys(metafile.inputs).map((input) => fileOf(input, files)) };
  } catch (error) {
    return faultOf(error as Esbuild.BuildFailure);
  }
}

function inMemory(files: BundleInput["files"]): Esbuild.Plugin {
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        if (kind === "entry-point") return { path, namespace: NAMESPACE };
        const resolved = resolveImport(files, importer, path);
        if (typeof resolved === "string") return { errors: [{ text: resolved }] };
        if ("external" in resolved) return { path: resolved.external, external: true };
        return { path: resolved.file, namespace: NAMESPACE };
      });
      onLoad({ filter: /.*/ }, ({ path }) => ({
        contents: files[path] ?? "",
        loader: LOADERS[posix.extname(path)] ?? "text",
      }));
    },
  };
}

/**
 * Finds the file of an input, whose name may end with import attributes. Others stay as they are.
 */
function fileOf(input: string, files: BundleInput["files"]): string {
  const isOf = (path: string): boolean =>
    input === `${NAMESPACE}:${path}` || input.startsWith(`${NAMESPACE}:${path} with {`);
  return Object.keys(files).find(isOf) ?? input;
}

/** Takes the first of possibly thousands of errors. Each contains its whole source line. */
function faultOf(failure: Esbuild.BuildFailure): BundleOutput {
  const { errors = [] } = failure;
  const first = errors.find(({ location }) => location !== null) ?? errors[0];
  // The bundler has ended, so this process ends, too.
  if (first === undefined) throw failure;
  const fault = NOT_LITERAL.test(first.text)
    ? 'What is imported or required is not a literal text, as "./names.ts" is'
    : first.text.slice(0, MAX_FAULT);
  if (!first.location) return { fault };
  const { file, line } = first.location;
  return { fault, file: file.replace(`${NAMESPACE}:`, ""), line };
}
