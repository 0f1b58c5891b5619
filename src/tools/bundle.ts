import type { BuildFailure, Metafile, Plugin } from "esbuild";
import { builtPath } from "../base/package-root.ts";
import { bundlingFault, externalBuiltins, forEvaluate } from "../bundler/build-options.ts";

/** Modules of src/common that tools may import, each as `isolate/common/…`. */
const COMMON = ["inject", "lazy", "proxy"];

/**
 * Bundles the module file of a tool, with all its imports, into one text for `evaluate()`. Only
 * modules of the runtime (`node:…`) stay out, because every sandbox has them.
 *
 * @throws {Error} Naming where the bundler failed, or the import that it cannot include.
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

/**
 * Checks that a bundle leaves out nothing but the runtime's own modules.
 *
 * @throws {Error} If it leaves out another import.
 */
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
    // Loads the modules of the package that work in a sandbox, under the package's own name.
    onLoad({ filter: /.*/, namespace: "isolate" }, () => ({
      contents: COMMON.map((name) => `export * from ${JSON.stringify(commonPath(name))};`).join(""),
      resolveDir: "/",
    }));
  },
};

function commonPath(name: string): string {
  return builtPath("programs/common", `${name}.js`);
}
