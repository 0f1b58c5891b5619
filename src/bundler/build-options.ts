import { isBuiltin } from "node:module";
import type { BuildFailure, BuildOptions, Plugin } from "esbuild";

/** Options that turn a module into a text for `evaluate()`. */
export function forEvaluate() {
  return {
    bundle: true,
    format: "cjs",
    platform: "neutral",
    target: "esnext",
    mainFields: ["module", "main"],
    conditions: ["module"],
    // Packages read this variable, and a sandbox may read none.
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
    metafile: true,
    logLevel: "silent",
  } as const satisfies BuildOptions;
}

/** Options that bundle files of memory into one module, with its map beside it. */
export const TO_MODULE = {
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "esnext",
  charset: "utf8",
  outdir: "/",
  write: false,
  metafile: true,
  sourcemap: "external",
  sourcesContent: false,
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Keeps imports of the runtime's own modules, under the names that every runtime knows. */
export const externalBuiltins: Plugin = {
  name: "builtins",
  setup({ onResolve }) {
    onResolve({ filter: /^(node:)?\w/ }, ({ path }) => {
      if (!isBuiltin(path)) return undefined;
      return { path: path.startsWith("node:") ? path : `node:${path}`, external: true };
    });
  },
};

/** Describes why and where bundling failed. */
export function bundlingFault({ errors = [], message }: BuildFailure): string {
  const first = errors.find(({ location }) => location !== null) ?? errors[0];
  if (first === undefined) return message;
  const { text, location } = first;
  return location === null ? text : `${text} (${location.file}:${location.line})`;
}
