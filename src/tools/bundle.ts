import type { BuildFailure, Metafile, Plugin } from "esbuild";
import { builtPath } from "../base/package-root.ts";
import { bundlingFault, externalBuiltins, forEvaluate } from "../bundler/build-options.ts";
import { TOOL_MODULES } from "./tool-modules.ts";

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
      const [, name = ""] = path.split(/^isolate\/?/);
      if (TOOL_MODULES.includes(name)) return { path: builtModule(name), sideEffects: false };
      if (Object.hasOwn(GROUPS, path)) return { path, namespace: "isolate" };
      return { errors: [{ text: `It imports "${path}", which works in no sandbox` }] };
    });
    // Loads the modules of the package that work in a sandbox, under the package's own names.
    onLoad({ filter: /.*/, namespace: "isolate" }, ({ path }) => {
      const names = TOOL_MODULES.filter((name) => GROUPS[path]?.test(name));
      const lines = names.map((name) => `export * from ${JSON.stringify(builtModule(name))};`);
      return { contents: lines.join(""), resolveDir: "/" };
    });
  },
};

/** Names that stand for several modules, or for types alone → the modules. */
const GROUPS: Readonly<Record<string, RegExp>> = {
  isolate: /./,
  "isolate/common": /^common\//,
  "isolate/permissions": /^permissions\//,
  "isolate/types": /^$/,
};

function builtModule(name: string): string {
  return builtPath("programs", `${name}.js`);
}
