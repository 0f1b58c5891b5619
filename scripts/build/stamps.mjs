/** What the parts of `dist/` were made of: a part is fresh while none of its sources is newer. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILE = "dist/.build/stamps.json";

/** Reads the stamps of all parts; none if there is no build yet. */
export function readStamps(root) {
  try {
    return JSON.parse(readFileSync(join(root, FILE), "utf8"));
  } catch {
    return {};
  }
}

/** Writes them, once all that they speak of is there. */
export function writeStamps(root, stamps) {
  const path = join(root, FILE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(stamps));
}

/** Says whether a part need not be made again. */
export function isFresh(root, stamp) {
  if (stamp === undefined) return false;
  const { outputs, sources } = stamp;
  return (
    outputs.every((path) => signOf(root, path) !== "") &&
    Object.entries(sources).every(([path, sign]) => signOf(root, path) === sign)
  );
}

/**
 * Returns size and time of change of a file, or of a folder, whose time tells of files that come and go; `""` if
 * there is none.
 */
export function signOf(root, path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return "";
  return `${found.isDirectory() ? "" : found.size}/${found.mtimeMs}`;
}
