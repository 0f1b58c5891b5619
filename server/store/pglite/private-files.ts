import { chmodSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Mode bits of all users but the owner. */
const OTHERS = 0o077;

/** Returns a mode without the rights of other users. */
export function ownersAlone(mode: number): number {
  return mode & ~OTHERS;
}

/**
 * Makes a directory and everything in it private to its owner. Earlier servers wrote files that all
 * users could change, and a umask affects new files only. Synchronous, because the server does not
 * listen yet. Through the thread pool, a thousand files would take a tenth of a second.
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
