/**
 * Builds `dist/`: the control plane, the programs that run elsewhere, the library with its types, and
 * the package of the client. Unchanged parts are kept. It is plain JavaScript, because the build itself is TypeScript
 * and is bundled first.
 *
 * Usage: node scripts/build.mjs [--no-types]
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isFresh, readStamps } from "./build/stamps.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const BUILDER = join(ROOT, "dist/.build/main.js");

// A production installation has no compiler. It gets no types, and needs none.
const hasTypes =
  !process.argv.includes("--no-types") && existsSync(join(ROOT, "node_modules/typescript"));
// The console's page bundles packages that a production installation lacks. It keeps a page that it came with.
const hasPage = existsSync(join(ROOT, "node_modules/preact"));
const wanted = [
  ...["build", "server", "programs", "store"],
  ...(hasPage ? ["console"] : []),
  ...(hasTypes ? ["library", "client-package"] : []),
];
const stamps = readStamps(ROOT);
const stale = wanted.filter((part) => !isFresh(ROOT, stamps[part]));
if (stale.length > 0) {
  const { build } = await import("esbuild");
  mkdirSync(dirname(BUILDER), { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["scripts/build/main.ts"],
    outfile: BUILDER,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    metafile: true,
    logLevel: "warning",
  });
  const { main } = await import(pathToFileURL(BUILDER).href);
  // A changed build makes all parts again.
  const parts = stale.includes("build") ? wanted : stale;
  await main(parts, Object.keys(metafile.inputs));
}
