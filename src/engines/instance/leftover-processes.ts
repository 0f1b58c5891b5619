import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";

/**
 * Kills the sandboxes of an instance that has ended, by its directory, which their command line names.
 * They end with their socket, but for those that are stopped. Linux alone has them, and tells of them.
 */
export async function killLeftovers(directory: string): Promise<void> {
  const pids = await readdir("/proc").catch(() => []);
  await Promise.all(
    pids.filter((name) => /^[0-9]+$/.test(name)).map((pid) => killIfOf(directory, pid)),
  );
}

async function killIfOf(directory: string, pid: string): Promise<void> {
  try {
    const socket = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").at(-2);
    if (!socket?.startsWith(`${directory}/`)) return;
    // Nobody else's program is killed for an argument.
    if (basename(await readlink(`/proc/${pid}/exe`)) !== "deno") return;
    process.kill(Number(pid), "SIGKILL");
  } catch {
    // It has ended, or is another user's.
  }
}
