import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";

/**
 * Kills the remaining sandbox processes of an ended instance, found by its directory in their
 * command line. Running ones end with their socket, but stopped ones do not. Only Linux has such
 * processes and /proc.
 */
export async function killLeftovers(directory: string): Promise<void> {
  const pids = await readdir("/proc").catch(() => []);
  await Promise.all(
    pids.filter((name) => /^[0-9]+$/.test(name)).map((pid) => killLeftover(directory, pid)),
  );
}

/** Kills a process if it is a sandbox of this directory. An id may belong to another one by now. */
async function killLeftover(directory: string, pid: string): Promise<void> {
  try {
    const socket = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").at(-2);
    if (!socket?.startsWith(`${directory}/`)) return;
    // The argument alone is no proof: other programs are not killed.
    if (basename(await readlink(`/proc/${pid}/exe`)) !== "deno") return;
    process.kill(Number(pid), "SIGKILL");
  } catch {
    // The process has ended, or belongs to another user.
  }
}
