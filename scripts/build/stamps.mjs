/** State of the parts of `dist/`. A part is fresh while none of its sources has changed. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILE = "dist/.build/stamps.json";

/** Reads the stamps of all parts. There are none before the first build. */
export function readStamps(root) {
  try {
    return JSON.parse(readFileSync(join(root, FILE), "utf8"));
  } catch {
    return {};
  }
}

/** Writes the stamps, after all files in them have been written. */
export function writeStamps(root, stamps) {
  const path = join(root, FILE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(stamps));
}

/** Tells whether a part is up to date. */
export function isFresh(root, stamp) {
  if (stamp === undefined) return false;
  const { outputs, sources } = stamp;
  return (
    outputs.every((path) => signOf(root, path) !== "") &&
    Object.entries(sources).every(([path, sign]) => signOf(root, path) === sign)
  );
}

/**
 * Returns size and modification time of a file. For a folder it is the time alone, which changes
 * when files come and go. `""` if there is none.
 */
export function signOf(root, path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return "";
  return `${found.isDirectory() ? "" : found.size}/${found.mtimeMs}`;
}
