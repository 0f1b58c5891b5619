import { chmodSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What others than the owner may do. */
const OTHERS = 0o077;

/** A mode without what others than its owner could do. */
export function ownersAlone(mode: number): number {
  return mode & ~OTHERS;
}

/**
 * Makes a directory its owner's alone, with all that is in it already: earlier servers had files that
 * everybody could write, and a umask takes effect on new ones only. Synchronous, as the server does not listen
 * yet: through the thread pool, a thousand files take a tenth of a second.
 */
export function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  closeToOthers(directory);
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    closeToOthers(join(entry.parentPath, entry.name));
  }
}

function closeToOthers(path: string): void {
  const { mode } = lstatSync(path);
  if ((mode & OTHERS) !== 0) chmodSync(path, ownersAlone(mode) & 0o7777);
}
