import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { type BuildFailure, type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

/** The modules of src/common that tools may import, each as `isolate/common/…`. */
const COMMON = ["inject", "lazy", "proxy"];
const COMMON_SOURCE = new URL("../../src/common/", import.meta.url);

/**
 * Bundles the module file of a tool, with all it imports, into one text for `evaluate()`. Only
 * modules of the runtime (`node:…`) stay out, since every sandbox has them. Rejects with an Error
 * that says where the bundler failed, or what it cannot take along.
 */
export async function bundleTool(path: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    ...forEvaluate(),
    entryPoints: [path],
    outdir: "/",
    plugins: [resolvePlugin, externalBuiltins],
  }).catch((error: BuildFailure) => {
    throw new Error(bundlingFault(error));
  });
  assertWhole(metafile);
  return outputFiles[0]?.text ?? "";
}

/** Throws an Error for a bundle that something beside the runtime's own modules is left out of. */
export function assertWhole({ outputs }: Metafile): void {
  for (const { imports } of Object.values(outputs)) {
    const left = imports.find((item) => item.external && !item.path.startsWith("node:"));
    if (left !== undefined) throw new Error(`It imports "${left.path}", which cannot be bundled`);
  }
}

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

const resolvePlugin: Plugin = {
  name: "isolate",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^isolate(\/|$)/ }, ({ path }) => {
      const module = COMMON.find((name) => path === `isolate/common/${name}`);
      if (module !== undefined) return { path: commonPath(module), sideEffects: false };
      if (path === "isolate" || path === "isolate/common") return { path, namespace: "isolate" };
      return undefined;
    });
    // What of the package makes sense in a sandbox, under the package's own name.
    onLoad({ filter: /.*/, namespace: "isolate" }, () => ({
      contents: COMMON.map((name) => `export * from ${JSON.stringify(commonPath(name))};`).join(""),
      resolveDir: "/",
    }));
  },
};

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

function commonPath(name: string): string {
  return fileURLToPath(new URL(`${name}.ts`, COMMON_SOURCE));
}

/** Where the bundler failed, and why. */
export function bundlingFault({ errors = [], message }: BuildFailure): string {
  const [first] = errors;
  if (first === undefined) return message;
  const { text, location } = first;
  return location === null ? text : `${text} (${location.file}:${location.line})`;
}
