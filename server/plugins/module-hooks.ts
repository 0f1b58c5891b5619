/** Hooks of Node's module loader for the modules of plugins. On Node 20 they run in a thread of their own. */
import { readFileSync } from "node:fs";
import { createRequire, type LoadHookContext, type ResolveHookContext } from "node:module";
import { fileURLToPath } from "node:url";

export interface HookData {
  /** URLs of the library's modules, by the names that plugins import. */
  readonly library: Readonly<Record<string, string>>;
  /** URL of the folder from which packages are found. */
  readonly folder: string;
}

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean | undefined;
}

interface Loaded {
  readonly format?: string | null | undefined;
  readonly source?: unknown;
  readonly shortCircuit?: boolean | undefined;
}

/** Begins a specifier of a package that the setting names. */
export const PACKAGE_PREFIX = "isolate-plugin:";

const require = createRequire(import.meta.url);

const TYPESCRIPT = /^file:.*\.m?ts(\?|$)/;
const PART = /^(isolate\/(?:common|permissions))\/.+$/;
const TARGET = "node20";

let data: HookData = { library: {}, folder: "" };

export function initialize(given: HookData): void {
  data = given;
}

/**
 * Resolves `isolate` and its modules to the running server's own, so that errors and plugins are of the classes it
 * knows. Resolves packages that the setting names from the working directory.
 */
export function resolve<Result extends Resolved | Promise<Resolved>>(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context?: Partial<ResolveHookContext>) => Result,
): Result | Resolved {
  const name = PART.exec(specifier)?.[1] ?? specifier;
  const own = Object.hasOwn(data.library, name) ? data.library[name] : undefined;
  if (own !== undefined) return { url: own, shortCircuit: true };
  if (!specifier.startsWith(PACKAGE_PREFIX)) return next(specifier, context);
  const wanted = specifier.slice(PACKAGE_PREFIX.length);
  return next(wanted, { ...context, parentURL: data.folder });
}

/** Compiles TypeScript, which not every line of Node reads, and none in a package. */
export function load<Result extends Loaded | Promise<Loaded>>(
  url: string,
  context: LoadHookContext,
  next: (url: string, context?: Partial<LoadHookContext>) => Result,
): Result | Loaded {
  if (!TYPESCRIPT.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const { transformSync } = require("esbuild") as typeof import("esbuild");
  const { code } = transformSync(readFileSync(path, "utf8"), {
    loader: "ts",
    format: "esm",
    target: TARGET,
    sourcefile: path,
    logLevel: "silent",
  });
  return { format: "module", source: code, shortCircuit: true };
}
