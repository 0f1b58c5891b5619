import { clip } from "../src/protocol/limits.ts";
import { charCodeAt, stringifyJson } from "./base/primordials.ts";

/** A position within a result. */
export interface Place {
  readonly key: string | number;
  readonly parent: Place | undefined;
}

/** Characters kept of one name in a path, and of a whole path. */
const MAX_NAME = 64;
const MAX_PATH = 256;

/** Returns the path of a place as code would write it, such as `result.rows[3]["first name"]`. */
export function pathOf({ key, parent }: Place): string {
  let path = parent === undefined ? `${key}` : step(key);
  for (let above = parent; above !== undefined; above = above.parent) {
    path = above.parent === undefined ? `${above.key}${path}` : step(above.key) + path;
    // The outermost steps say the most, and a path may have a thousand.
    if (path.length > MAX_PATH * 4) path = clip(path, MAX_PATH * 2);
  }
  return clip(path, MAX_PATH);
}

function step(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return isName(key) ? `.${key}` : `[${stringifyJson(clip(key, MAX_NAME))}]`;
}

/** Tells whether a name may follow a dot. `toJSON()` stands for the call. */
function isName(key: string): boolean {
  if (key === "toJSON()") return true;
  if (key.length === 0 || key.length > MAX_NAME) return false;
  for (let at = 0; at < key.length; at += 1) {
    const code = charCodeAt(key, at);
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
    if (!(isLetter || code === 0x24 || code === 0x5f || (isDigit && at > 0))) return false;
  }
  return true;
}
