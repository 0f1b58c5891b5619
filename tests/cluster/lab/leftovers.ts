import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { statFields } from "../../../src/base/process-stat.ts";
import { LabNames } from "./names.ts";
import { namespacesOf, removeNetwork } from "./network.ts";

const run = promisify(execFile);
const GROUPS = "/sys/fs/cgroup";
/** File in a lab's folder with the process that has made it. */
const OWNER = "owner";
/** Milliseconds between two attempts to remove what ending processes still use. */
const RETRY_EVERY = 50;
const ENDED_WITHIN = 10_000;

/** Makes the folder of a new lab, owned by this process. */
export async function makeFolder(names: LabNames): Promise<void> {
  // A folder without an owner would be removed by another run.
  const fresh = `${names.directory}.new`;
  await mkdir(fresh, { mode: 0o755 });
  await writeFile(join(fresh, OWNER), await identity(process.pid));
  await rename(fresh, names.directory);
}

/** Notes a process of a lab, which is ended with it. */
export async function notePid(names: LabNames, name: string, pid: number): Promise<void> {
  await writeFile(join(names.directory, `${name}.pid`), await identity(pid));
}

/** Removes the labs whose processes have been killed. */
export async function removeLeftovers(): Promise<void> {
  for (const folder of await readdir(tmpdir())) {
    const names = LabNames.of(folder);
    if (names === undefined) continue;
    if (!(await isAlive(join(names.directory, OWNER)))) await removeLab(names);
  }
}

/** Ends what a lab has started and removes all it has made. */
export async function removeLab(names: LabNames): Promise<void> {
  for (const name of await readdir(names.directory).catch(() => [])) {
    if (name.endsWith(".pid")) await end(join(names.directory, name));
  }
  await removeNetwork(names);
  for (const group of await groupsOf(names)) await removeGroup(group);
  await rm(names.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

/** Lists what there is of a lab: namespaces, the bridge, control groups, its folder. */
export async function remainsOf(names: LabNames): Promise<string[]> {
  const { stdout: links } = await run("ip", ["-o", "link"]);
  const bridges = links.includes(`${names.bridge}:`) ? [names.bridge] : [];
  const folders = (await readdir(tmpdir())).filter((name) => names.directory.endsWith(`/${name}`));
  return [...(await namespacesOf(names)), ...bridges, ...(await groupsOf(names)), ...folders];
}

/** Returns a process with the time it has started at, because numbers of processes come again. */
async function identity(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const started = statFields(stat)[19];
  return `${pid} ${started ?? "ended"}`;
}

async function isAlive(file: string): Promise<boolean> {
  const noted = await readFile(file, "utf8").catch(() => "");
  return noted !== "" && (await identity(Number.parseInt(noted, 10))) === noted;
}

async function end(file: string): Promise<void> {
  const pid = Number.parseInt(await readFile(file, "utf8"), 10);
  if (await isAlive(file)) process.kill(pid, "SIGKILL");
  for (const until = Date.now() + ENDED_WITHIN; await isRunning(pid, file); ) {
    if (Date.now() > until) throw new Error(`Process ${pid} of a lab does not end`);
    await sleep(RETRY_EVERY);
  }
}

/** Tells whether a process still has resources. Its parent may not have noticed its end yet. */
async function isRunning(pid: number, file: string): Promise<boolean> {
  if (!(await isAlive(file))) return false;
  return !/^State:\s+[ZX]/m.test(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""));
}

async function groupsOf(names: LabNames): Promise<string[]> {
  const roots = (await readdir(GROUPS, { withFileTypes: true })).filter((one) => one.isDirectory());
  const parents = [GROUPS, ...roots.map(({ name }) => join(GROUPS, name))];
  const found = await Promise.all(
    parents.map(async (parent) =>
      (await readdir(parent).catch(() => []))
        .filter((name) => name.startsWith(names.namespace("")))
        .map((name) => join(parent, name)),
    ),
  );
  return found.flat();
}

/** Ends all that runs in a control group, and removes it. Only a lab's processes are in there. */
async function removeGroup(path: string): Promise<void> {
  for (const until = Date.now() + ENDED_WITHIN; ; await sleep(RETRY_EVERY)) {
    const folders = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => null);
    if (folders === null) return;
    const groups = folders.filter((one) => one.isDirectory());
    const inside = [path, ...groups.map(({ parentPath, name }) => join(parentPath, name))];
    for (const group of inside) await endAll(group);
    for (const group of inside.sort().reverse()) await rmdir(group).catch(() => {});
    if (Date.now() > until) throw new Error(`The control group ${path} stays busy`);
  }
}

async function endAll(group: string): Promise<void> {
  const text = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
  for (const pid of text.split("\n").filter(Boolean).map(Number)) {
    try {
      // Processes of other namespaces have the number 0.
      if (pid > 0) process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
