import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { builtPath, PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { builtinBundles } from "./builtin-bundles.ts";
import type { Built } from "./programs.ts";

const run = promisify(execFile);
const BUILTIN_TYPES = "src/resourcex/types/builtin-bundles.ts";

/**
 * Builds the library with the compiler: JavaScript and types of all of `src/`. The built-in
 * resource types are generated first, as a source file. Types are only written: `npm run check` checks them.
 *
 * @throws {Error} With the compiler's messages.
 */
export async function buildLibrary(): Promise<Built> {
  await writeIfChanged(join(PACKAGE_ROOT, BUILTIN_TYPES), await builtinBundles());
  const outDir = await mkdtemp(builtPath(".build", "library-"));
  try {
    const compiler = join(PACKAGE_ROOT, "node_modules/.bin/tsc");
    const options = ["--project", "tsconfig.build.json", "--noCheck", "--outDir", outDir];
    await run(compiler, options, { cwd: PACKAGE_ROOT }).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    return { files: await filesBelow(outDir), inputs: await sourcesAndFolders() };
  } finally {
    await rm(outDir, { recursive: true });
  }
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => "")) !== text) await writeFile(path, text);
}

async function filesBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string) =>
    [path.slice(folder.length + 1), await readFile(path, "utf8")] as const;
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

/** Lists sources and folders. A folder's time changes with a new source. */
export async function sourcesAndFolders(): Promise<string[]> {
  const folder = join(PACKAGE_ROOT, "src");
  const names = await readdir(folder, { recursive: true });
  return [
    folder,
    ...names.map((name) => join(folder, name)),
    join(PACKAGE_ROOT, "tsconfig.build.json"),
  ];
}
