import { isBuiltin } from "node:module";
import type { BuildFailure, BuildOptions, Plugin } from "esbuild";

/** How a module becomes a text for `evaluate()`. */
export function forEvaluate() {
  return {
    bundle: true,
    format: "cjs",
    platform: "neutral",
    target: "esnext",
    mainFields: ["module", "main"],
    conditions: ["module"],
    // A sandbox may read no variable, and packages ask for this one.
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
    metafile: true,
    logLevel: "silent",
  } as const satisfies BuildOptions;
}

/** Leaves the runtime's own modules to be imported, by the names every runtime knows them by. */
export const externalBuiltins: Plugin = {
  name: "builtins",
  setup({ onResolve }) {
    onResolve({ filter: /^(node:)?\w/ }, ({ path }) => {
      if (!isBuiltin(path)) return undefined;
      return { path: path.startsWith("node:") ? path : `node:${path}`, external: true };
    });
  },
};

/** Where the bundler failed, and why. */
export function bundlingFault({ errors = [], message }: BuildFailure): string {
  const first = errors.find(({ location }) => location !== null) ?? errors[0];
  if (first === undefined) return message;
  const { text, location } = first;
  return location === null ? text : `${text} (${location.file}:${location.line})`;
}
