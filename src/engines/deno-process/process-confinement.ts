import { randomInt } from "node:crypto";
import { chmod, chown, copyFile, link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Confinable,
  canUse,
  confinable,
  confinedCommand,
  type HostProcessLimits,
  newUser,
} from "../../confined-process/host-confinement.ts";
import { denoBinary } from "../../deno/deno.ts";

const FIRST_GROUP = 0x6f00_0000;
const GROUPS = 0x0100_0000;
const ENTERED_BY_ITS_GROUP = 0o710;

/**
 * Hard limits of a sandbox that is a process; a container's are in container/flags.ts. No file at all: code may
 * write none, but SQLite would, wherever its user may.
 */
const LIMITS: HostProcessLimits = { nofile: 1_024, fsize: 0, core: 0, nproc: 128 };

/** What a sandbox that is a process of this host is started with. */
export interface ProcessConfinement {
  readonly host: Confinable;
  /** Path of the binary, where its user can reach it. */
  readonly binary: string;
  /** Group that may enter the instance's directory; `undefined` for processes of our own user. */
  readonly group: number | undefined;
}

/**
 * Finds out how sandboxes of an instance can be confined, and lets their group into its directory.
 * Where that leads through directories that are the operator's alone, they run as this process does.
 */
export async function confineProcesses(
  instanceDirectory: string,
  runnerDirectory: string,
): Promise<ProcessConfinement> {
  const host = await confinable();
  const same = { host: { ...host, user: "same" } as const, binary: denoBinary(), group: undefined };
  if (host.user === "same") return same;
  const group = FIRST_GROUP + randomInt(GROUPS);
  await chown(instanceDirectory, 0, group);
  await chmod(instanceDirectory, ENTERED_BY_ITS_GROUP);
  const who = { user: newUser(host), groups: [group] };
  const binary = denoBinary();
  const [reads, runs] = await Promise.all([
    canUse(host, "-r", join(runnerDirectory, "host.js"), who),
    canUse(host, "-x", binary, who),
  ]);
  if (!reads) return same;
  if (runs) return { host, binary, group };
  const copy = await near(binary, join(instanceDirectory, "bin"));
  return (await canUse(host, "-x", copy, who)) ? { host, binary: copy, group } : same;
}

/** The command line of one sandbox's process, and who it runs as. */
export function confinedProcess(
  { host, binary, group }: ProcessConfinement,
  args: readonly string[],
  user: number | undefined,
  network: boolean,
): string[] {
  return confinedCommand(host, [binary, ...args], {
    network,
    user,
    groups: group === undefined ? [] : [group],
    limits: LIMITS,
  });
}

/** What an operator wants to know of how processes are confined; `undefined` if nothing is missing. */
export function missingWalls({ host }: Pick<ProcessConfinement, "host">): string | undefined {
  const missing = [
    ...(host.network === "none" ? ["they have the host's network"] : []),
    ...(process.getuid?.() === 0 && host.user === "same" ? ["they run as root"] : []),
    ...(host.noNewPrivileges ? [] : ["they may gain privileges"]),
    ...(host.limits ? [] : ["nothing limits their open files and core dumps"]),
  ];
  return missing.length > 0 ? missing.join(", ") : undefined;
}

/** The binary, where other users reach it: as another name of the file, or as a copy. */
async function near(binary: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const path = join(directory, "deno");
  await rm(path, { force: true });
  await link(binary, path).catch(() => copyFile(binary, path));
  await chmod(path, 0o755);
  return path;
}
