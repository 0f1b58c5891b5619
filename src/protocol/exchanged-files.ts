/** Files that an execution is given, and those it leaves, as both sides of a control socket know them. */

/** Directory of the files that code is given. It may read them. */
export const IN_DIRECTORY = "/tmp/in";

/** Directory whose files are the artifacts. Code may read and write it. */
export const OUT_DIRECTORY = "/tmp/out";

export const FILE_LIMITS = {
  /** Files that a request may give. */
  files: 100,
  /** Characters of a path, and names in it. */
  path: 200,
  depth: 16,
  /** Globs of a request, and characters of each. */
  globs: 16,
  glob: 100,
  /** Artifacts of an execution at most. */
  artifacts: 1_000,
  /** Bytes of all files together, and of all artifacts. Both fit into a sandbox's `/tmp`. */
  bytes: 8_388_608,
  /** Omitted files that are named. Others are counted. */
  omitted: 20,
  /** Entries that are looked at, and milliseconds for it. */
  entries: 20_000,
  milliseconds: 2_000,
} as const;

/** A file by its path below its directory. */
export interface ExchangedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Files to take from a sandbox when its code has ended. */
export interface WantedArtifacts {
  readonly globs: readonly string[];
  /** Most files, and most bytes of all. */
  readonly most: number;
  readonly bytes: number;
}

/** Files of a job. */
export interface JobFiles {
  readonly given: readonly ExchangedFile[];
  /** Absent: the job leaves none. */
  readonly wanted?: WantedArtifacts | undefined;
}

/** Files in the header of a `job` frame. Their bytes are the end of its payload. */
export interface FilesHeader {
  readonly given: readonly { readonly path: string; readonly bytes: number }[];
  readonly wanted?: WantedArtifacts | undefined;
}

/**
 * Reasons for which a file is left out. `kind` is a link, or something else that is no file. `linked` has
 * several names, and `sparse` holes. The others cannot be opened, or exceed a limit.
 */
export const OMISSIONS = ["kind", "linked", "sparse", "bytes", "count", "unreadable"] as const;

export type Omission = (typeof OMISSIONS)[number];

/** Claims of a sandbox in the header of an `artifact` frame. The payload has the file's bytes. */
export type ArtifactClaim =
  | { readonly path: string }
  | { readonly path: string; readonly omitted: Omission }
  /** Number of omitted files that are not named, and whether the search was given up. */
  | { readonly more: number; readonly unsearched: boolean };

// Control characters, and halves of surrogate pairs.
const UNFIT = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;
const NAME_BYTES = 255;

/** Tells whether a text is a relative path without `.`, `..`, empty names and control characters. */
export function isFilePath(text: string): boolean {
  if (text.length === 0 || text.length > FILE_LIMITS.path || UNFIT.test(text)) return false;
  const names = text.split("/");
  if (names.length > FILE_LIMITS.depth) return false;
  return names.every((name) => !["", ".", ".."].includes(name) && bytesOf(name) <= NAME_BYTES);
}

/** Counts bytes of UTF-8, which a name of a file has 255 of at most. */
function bytesOf(name: string): number {
  return new TextEncoder().encode(name).length;
}
