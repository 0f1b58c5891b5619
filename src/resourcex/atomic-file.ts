import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Replaces a file as a whole: whoever reads it sees the old content or the new. `temporary` is a
 * directory of the same file system, where the new content is until it is complete.
 */
export async function writeAtomically(
  target: string,
  content: string | Uint8Array,
  temporary: string,
): Promise<void> {
  const unfinished = join(temporary, randomUUID());
  try {
    // Flushed, or a power failure could leave the new name with nothing behind it.
    await writeFile(unfinished, content, { flag: "wx", flush: true });
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Whether a file operation failed for one of these reasons, for example `ENOENT`. */
export function failedBy(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as NodeJS.ErrnoException | undefined)?.code));
}
