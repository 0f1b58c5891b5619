import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { builtPath } from "../../src/base/package-root.ts";

/**
 * Writes the files of one part of `dist/` and removes old ones. Each file is replaced by a rename.
 * So a server that starts meanwhile reads either the old or the new one.
 *
 * @returns The paths of the files, relative to the package's root.
 */
export async function writeBuilt(
  part: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const folder = builtPath(part);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (!(path.slice(folder.length + 1) in files)) await rm(path, { force: true });
  }
  return Object.keys(files).map((name) => join("dist", part, name));
}
