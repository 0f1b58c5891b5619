import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { builtPath } from "./package-root.ts";

/**
 * Reads a built program that runs elsewhere: in a sandbox, a confined process or the proxy's
 * container.
 *
 * @param name Path below `dist/programs`, without `.js`.
 * @throws {Error} if it has not been built.
 * @example
 * const text = await readProgram("egress");
 */
export async function readProgram(name: string): Promise<string> {
  return readBuilt(builtPath("programs", `${name}.js`));
}

/**
 * Reads all files of a folder below `dist/programs`. Keys are the paths in the folder.
 *
 * @throws {Error} if it has not been built.
 */
export async function readProgramFolder(name: string): Promise<Record<string, string>> {
  const folder = builtPath("programs", name);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(notBuilt);
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async (file) => {
    const path = join(file.parentPath, file.name);
    return [path.slice(folder.length + 1), await readBuilt(path)] as const;
  });
  return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readBuilt(path: string): Promise<string> {
  return readFile(path, "utf8").catch(notBuilt);
}

function notBuilt(cause: Error): never {
  throw new Error("A part of Isolate is not built: run `npm run build`", { cause });
}
