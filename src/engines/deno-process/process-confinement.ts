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
 * Hard limits of a sandbox that is a process; those of a container are in container/flags.ts.
 * `fsize: 0` forbids all writes to files: code may write none, but SQLite would, wherever its user
 * may.
 */
const LIMITS: HostProcessLimits = { nofile: 1_024, fsize: 0, core: 0, nproc: 128 };

/** Settings with which a sandbox that is a process is started. */
export interface ProcessConfinement {
  readonly host: Confinable;
  /** Path of the binary that the sandbox's user can reach. */
  readonly binary: string;
  /**
   * Group that may enter the instance's directory; `undefined` for processes of this process's
   * user.
   */
  readonly group: number | undefined;
}

/**
 * Determines how sandboxes of an instance can be confined, and lets their group into its directory.
 * If other users cannot reach that directory or the files, sandboxes run as this process's user.
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

/** Returns the command line of one sandbox's process, including its user and groups. */
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

/** Describes the protections that are missing, for the operator; `undefined` if none is. */
export function missingWalls({ host }: Pick<ProcessConfinement, "host">): string | undefined {
  const missing = [
    ...(host.network === "none" ? ["they have the host's network"] : []),
    ...(process.getuid?.() === 0 && host.user === "same" ? ["they run as root"] : []),
    ...(host.noNewPrivileges ? [] : ["they may gain privileges"]),
    ...(host.limits ? [] : ["nothing limits their open files and core dumps"]),
  ];
  return missing.length > 0 ? missing.join(", ") : undefined;
}

/** Links or copies the binary to a place that other users can reach. Returns its path. */
async function near(binary: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const path = join(directory, "deno");
  await rm(path, { force: true });
  await link(binary, path).catch(() => copyFile(binary, path));
  await chmod(path, 0o755);
  return path;
}
