import { z } from "zod";
import { readProgram } from "../../base/programs.ts";
import { ConfinedFailure } from "../../confined-process/process.ts";
import { Program } from "../../confined-process/program.ts";
import { ContentError } from "../base/resourcex-errors.ts";
import { ARCHIVE_LIMITS } from "./archive-limits.ts";
import { EntryPaths } from "./entry-paths.ts";
import { assertSize } from "./pack.ts";
import type { UnpackTask } from "./unpacker-entry.ts";

/** Most bytes of the list of files: JSON with a path each. */
const MAX_LIST = ARCHIVE_LIMITS.entries * (ARCHIVE_LIMITS.pathLength + 64);

const program = new Program({
  script: () => readProgram("confined/unpacker"),
  limits: {
    memory: 320,
    cpu: 8,
    timeout: 10_000,
    bytes: ARCHIVE_LIMITS.unpackedBytes + MAX_LIST,
    facts: MAX_LIST,
    atOnce: 2,
    waiting: 1_000,
  },
});

const fault = z.object({ fault: z.string() });
const digests = z.union([fault, z.object({ digest: z.string().regex(/^sha256:[\da-f]{64}$/) })]);
const answers = z.union([
  fault,
  z.object({
    files: z.array(z.tuple([z.string(), z.int().min(0)])).max(ARCHIVE_LIMITS.entries),
  }),
]);

/** Owner of archives that a library's host unpacks. */
const HOST = "";

/**
 * Reads the regular files of a tar.gz into memory, by path. Skips directories. Rejects with a
 * `ContentError` for any other entry, and beyond the limits.
 */
export async function unpackFiles(packed: Buffer): Promise<Map<string, Buffer>> {
  assertSize(packed);
  return unpackConfined(HOST, packed);
}

/**
 * Returns the digest of an archive's files. Rejects with a `ContentError` if `unpackFiles()` would
 * refuse the archive. `owner` is the owner of the archive.
 */
export async function checkArchive(packed: Buffer, owner: string): Promise<string> {
  assertSize(packed);
  const { output } = await ask(owner, packed, { files: false }, digests);
  return output.digest;
}

/**
 * Unpacks a tar.gz of one owner in a confined process. Resolves with its files by path.
 *
 * @throws {ContentError} For content that no archive may have, or a process beyond its limits.
 */
async function unpackConfined(owner: string, packed: Uint8Array): Promise<Map<string, Buffer>> {
  const { output, payload } = await ask(owner, packed, { files: true }, answers);
  return filesOf(output.files, payload);
}

async function ask<T extends object>(
  owner: string,
  packed: Uint8Array,
  input: UnpackTask,
  schema: z.ZodType<T | { fault: string }>,
): Promise<{ output: T; payload: Buffer }> {
  try {
    const { answer, payload } = await program.run({ owner, input, payload: packed });
    const output = schema.parse(answer);
    if ("fault" in output) throw new ContentError(output.fault);
    return { output, payload };
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    throw new ContentError("The archive cannot be unpacked within the limits of time and memory");
  }
}

/**
 * Cuts the payload into files. Checks the paths again, because they may become paths of this host.
 */
function filesOf(sizes: readonly (readonly [string, number])[], bytes: Buffer) {
  const files = new Map<string, Buffer>();
  const paths = new EntryPaths();
  let at = 0;
  for (const [path, size] of sizes) {
    paths.addFile(path);
    files.set(path, bytes.subarray(at, at + size));
    at += size;
  }
  if (at !== bytes.length) throw new ContentError("The archive cannot be read: it is cut off");
  return files;
}
