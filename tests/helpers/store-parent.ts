import { accessSync, constants, existsSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Directory in memory, on Linux. A disk takes four times as long for the thousand files of a store. */
const MEMORY = "/dev/shm";
/** Bytes that must be free there: containers often have 64 MB. */
const ROOM = 4 * 1_024 ** 3;
const NAME = "isolate-store-";
const LEFT = /^isolate-store-(\d+)-/;

/** Makes a directory for a store. Its name has the process that is to remove it. */
export function makeStoreParent(): Promise<string> {
  return mkdtemp(join(hasRoom() ? MEMORY : tmpdir(), `${NAME}${process.pid}-`));
}

/** Removes what runs that were killed have left, because some hundred stores fill the memory of a machine. */
export function removeLeftStores(): void {
  for (const parent of [MEMORY, tmpdir()]) {
    if (!existsSync(parent)) continue;
    for (const name of readdirSync(parent)) {
      const [, pid] = LEFT.exec(name) ?? [];
      if (pid === undefined || isThere(Number(pid))) continue;
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function hasRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}
