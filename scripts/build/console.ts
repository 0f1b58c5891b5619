import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { type Built, inputsOf } from "./programs.ts";

const PAGE = "console/page.html";

/** Builds the console: a page, its script and its styles, with all that they need from packages. */
export async function buildConsole(): Promise<Built> {
  const [{ outputFiles, metafile }, page] = await Promise.all([
    build({
      absWorkingDir: PACKAGE_ROOT,
      entryPoints: { console: "console/main.tsx" },
      outdir: "/",
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: ["es2022"],
      jsx: "automatic",
      jsxImportSource: "preact",
      legalComments: "none",
      metafile: true,
      write: false,
      logLevel: "warning",
    }),
    readFile(join(PACKAGE_ROOT, PAGE), "utf8"),
  ]);
  return {
    files: {
      "page.html": page,
      ...Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(1), text])),
    },
    // The lock, which every part depends on, tells of packages.
    inputs: [PAGE, ...inputsOf(metafile)].filter((path) => !path.includes("node_modules/")),
  };
}
