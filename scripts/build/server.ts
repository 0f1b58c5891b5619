import { build } from "esbuild";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { type Built, inputsOf } from "./programs.ts";

/** Programs of the control plane: the server, the command line, and the threads that they start. */
const ENTRIES = {
  main: "server/main.ts",
  cli: "server/cli/main.ts",
  "json-thread": "server/http/json-thread/worker.ts",
  "store-thread": "server/store/pglite/worker.ts",
};

/** Builds the control plane, which Node runs without a loader. Packages are not bundled. */
export async function buildServer(): Promise<Built> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: ENTRIES,
    outdir: "/",
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  return {
    files: Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(1), text])),
    inputs: inputsOf(metafile),
  };
}
