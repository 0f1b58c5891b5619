import type { BuildFailure, Metafile, Plugin } from "esbuild";
import { builtPath } from "../base/package-root.ts";
import { bundlingFault, externalBuiltins, forEvaluate } from "../bundler/build-options.ts";

/** The modules of src/common that tools may import, each as `isolate/common/…`. */
const COMMON = ["inject", "lazy", "proxy"];

/**
 * Bundles the module file of a tool, with all it imports, into one text for `evaluate()`. Only
 * modules of the runtime (`node:…`) stay out, since every sandbox has them. Rejects with an Error
 * that says where the bundler failed, or what it cannot take along.
 */
export async function bundleTool(path: string): Promise<string> {
  const { build } = await import("esbuild");
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

function commonPath(name: string): string {
  return builtPath("programs/common", `${name}.js`);
}
