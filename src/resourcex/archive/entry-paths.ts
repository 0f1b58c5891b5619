import { clip } from "../../protocol/limits.ts";
import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS } from "./archive-limits.ts";

const FORBIDDEN = /[\0-\x1f\x7f\\]/;

/**
 * Collects and checks the paths of an archive.
 *
 * @throws {ContentError} For a path that cannot be one of them.
 */
export class EntryPaths {
  readonly #files = new Set<string>();
  readonly #directories = new Set<string>();
  #entries = 0;

  addFile(path: string): void {
    this.#count();
    check(path);
    if (this.#files.has(path)) throw refusal(path, "it is there twice");
    // Otherwise `a` and `a/b` would be a file and a directory of one name.
    if (this.#directories.has(path)) throw refusal(path, "it is a directory, too");
    this.#files.add(path);
    for (const directory of above(path)) this.#addDirectory(directory);
  }

  addDirectory(path: string): void {
    this.#count();
    check(path);
    for (const directory of [path, ...above(path)]) this.#addDirectory(directory);
  }

  #addDirectory(path: string): void {
    if (this.#files.has(path)) throw refusal(path, "it is a directory, too");
    this.#directories.add(path);
  }

  #count(): void {
    this.#entries += 1;
    if (this.#entries <= ARCHIVE_LIMITS.entries) return;
    throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.entries} entries`);
  }
}

function check(path: string): void {
  if (path.length > ARCHIVE_LIMITS.pathLength) throw refusal(path, "it is too long");
  if (path.startsWith("/")) throw refusal(path, "it is absolute");
  if (FORBIDDEN.test(path)) throw refusal(path, "it has a control character or a backslash");
  const names = path.split("/");
  if (names.length > ARCHIVE_LIMITS.pathDepth) throw refusal(path, "it is too deep");
  for (const name of names) {
    if (name === "" || name === "." || name === "..") {
      throw refusal(path, `it has "${name}" as a part`);
    }
  }
}

function above(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

export function refusal(path: string, why: string): ContentError {
  return new ContentError(`Bad path ${JSON.stringify(clip(path, 80))} in the archive: ${why}`);
}
