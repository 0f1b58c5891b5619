import { chmod, lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

/** What others than the owner may do. */
const OTHERS = 0o077;

/** A mode without what others than its owner could do. */
export function ownersAlone(mode: number): number {
  return mode & ~OTHERS;
}

/**
 * Makes a directory its owner's alone, with all that is in it already: earlier servers had files that
 * everybody could write, and a umask takes effect on new ones only.
 */
export async function makePrivate(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await closeToOthers(directory);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    await closeToOthers(join(entry.parentPath, entry.name));
  }
}

async function closeToOthers(path: string): Promise<void> {
  const { mode } = await lstat(path);
  if ((mode & OTHERS) !== 0) await chmod(path, ownersAlone(mode) & 0o7777);
}
