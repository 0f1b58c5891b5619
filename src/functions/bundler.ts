/**
 * The process that bundles one function: files as JSON in, a module or what is wrong as JSON out. It is
 * bundled itself, into a script for `node -e`, and found to fail by its end.
 */
import { createRequire } from "node:module";
import { posix } from "node:path";
import { text } from "node:stream/consumers";
import type { BuildFailure, Loader, Plugin } from "esbuild";
import { FILE_LIMITS } from "./limits.ts";
import { resolveImport } from "./resolve.ts";

/** Set when this is bundled: the bundle lies where it cannot be resolved from. */
declare const ESBUILD: string;

export interface BundleInput {
  /** Path → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
}

export type BundleOutput =
  | { readonly code: string }
  | { readonly fault: string; readonly file?: string; readonly line?: number };

const NAMESPACE = "function";
const MAX_FAULT = 1_000;

const LOADERS: Readonly<Record<string, Loader>> = {
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

async function bundle({ files, main }: BundleInput): Promise<BundleOutput> {
  const { build } = createRequire(ESBUILD)("esbuild") as typeof import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [main],
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    charset: "utf8",
    outdir: "/",
    write: false,
    logLevel: "silent",
    // Nothing of this host's is a setting of theirs.
    tsconfigRaw: {},
    plugins: [inMemory(files)],
  });
  const code = outputFiles[0]?.text ?? "";
  if (code.length <= FILE_LIMITS.bundled) return { code };
  return { fault: `Bundled, they exceed ${FILE_LIMITS.bundled} characters` };
}

function inMemory(files: BundleInput["files"]): Plugin {
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

/** The first of what may be thousands, each with the whole line it is about. */
function faultOf(failure: BuildFailure): BundleOutput {
  const [first] = failure.errors ?? [];
  // The bundler has ended: so does this.
  if (first === undefined) throw failure;
  const fault = first.text.slice(0, MAX_FAULT);
  if (!first.location) return { fault };
  const { file, line } = first.location;
  return { fault, file: file.replace(`${NAMESPACE}:`, ""), line };
}

const input = JSON.parse(await text(process.stdin)) as BundleInput;
const output = await bundle(input).catch(faultOf);
process.stdout.write(JSON.stringify(output));
