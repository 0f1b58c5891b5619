/** Tells how the JSX of a function's files is compiled. It runs in a confined process. */
import type * as Esbuild from "esbuild-wasm";
import { parseJsonc } from "../base/jsonc.ts";

/** Files whose `compilerOptions` are about JSX. The first one that has such an option counts. */
const CONFIGURATIONS = ["deno.json", "deno.jsonc", "tsconfig.json"];
const MAX_CONFIGURATION = 65_536;
/** Modes with a function to import. `preserve` leaves JSX to a bundler of the project, so to this one. */
const AUTOMATIC = new Set(["react-jsx", "react-jsxdev", "precompile", "preserve"]);

const SOURCE_PRAGMA = /@jsxImportSource\s+\S/;
const RUNTIME_PRAGMA = /@jsxRuntime\s+\S/;
const AUTOMATIC_PRAGMA = "\n/** @jsxRuntime automatic */";

type JsxOptions = Pick<
  Esbuild.BuildOptions,
  "jsx" | "jsxImportSource" | "jsxFactory" | "jsxFragment"
>;

/** Reads the bundler's options from a configuration among the files. One that is no JSON has none. */
export function jsxOptions(files: Readonly<Record<string, string>>): JsxOptions {
  for (const path of CONFIGURATIONS) {
    const options = compilerOptions(Object.hasOwn(files, path) ? files[path] : undefined);
    const [mode, jsxImportSource, jsxFactory, jsxFragment] = [
      textOf(options.jsx),
      textOf(options.jsxImportSource),
      textOf(options.jsxFactory),
      textOf(options.jsxFragmentFactory),
    ];
    const isAutomatic = AUTOMATIC.has(mode ?? "") || (mode === undefined && jsxImportSource);
    if (isAutomatic) return { jsx: "automatic", ...(jsxImportSource && { jsxImportSource }) };
    if (mode !== undefined || jsxFactory !== undefined) {
      return { ...(jsxFactory && { jsxFactory }), ...(jsxFragment && { jsxFragment }) };
    }
  }
  return {};
}

/**
 * Lets a comment that names a package for JSX be enough, as it is in the runtime. The bundler needs a
 * second one, and takes it from the end of a file, where it moves no line.
 */
export function withJsxRuntime(text: string, loader: Esbuild.Loader): string {
  const isJsx = loader === "jsx" || loader === "tsx";
  const isShort = isJsx && SOURCE_PRAGMA.test(text) && !RUNTIME_PRAGMA.test(text);
  return isShort ? text + AUTOMATIC_PRAGMA : text;
}

function compilerOptions(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined || text.length > MAX_CONFIGURATION) return {};
  try {
    const { compilerOptions: options } = parseJsonc(text) as { compilerOptions?: unknown };
    return typeof options === "object" && options !== null
      ? (options as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
