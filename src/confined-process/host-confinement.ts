import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { access, constants, readlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Directories of util-linux's programs. The environment must not choose what confines a process.
 */
const PROGRAM_DIRECTORIES = [
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/sbin",
  "/run/current-system/sw/bin",
];
const PROBE_WITHIN = 10_000;

/** User ids that no distribution, container engine or name service assigns. */
const FIRST_ID = 0x7000_0000;
const IDS = 0x0800_0000;
/** User `nobody`, for a user namespace without room for ids of our own. */
const NOBODY = 65_534;

/** Ways to keep a process off the host's network. */
export type NetworkWall =
  /** A network namespace of its own, which root may create. */
  | "namespace"
  /** A network namespace inside a user namespace, which this kernel lets any user create. */
  | "user-namespace"
  /** No way on this host. */
  | "none";

/** Confinement that this host offers for a child process. */
export interface Confinable {
  readonly network: NetworkWall;
  /** User it can run as. `own` is a user id that no other process has. */
  readonly user: "own" | "nobody" | "same";
  /** True if neither it nor its children can gain privileges. */
  readonly noNewPrivileges: boolean;
  /** True if its resources can be limited. */
  readonly limits: boolean;
}

/** Hard limits of a process, by the names of prlimit(1). */
export interface HostProcessLimits {
  /** Open files. */
  readonly nofile?: number;
  /** Bytes of a file it writes. */
  readonly fsize?: number;
  /** Bytes of a core dump. */
  readonly core?: number;
  /** Processes and threads of its user. Ignored for a user that other processes have, too. */
  readonly nproc?: number;
}

export interface HostConfinement {
  /** True to keep the host's network. Default false: it has none, if this host can do that. */
  readonly network?: boolean;
  /** User and group it runs as; see `newUser()`. Default: those of this process. */
  readonly user?: number | undefined;
  /** Additional groups. */
  readonly groups?: readonly number[];
  readonly limits?: HostProcessLimits;
}

const NOT_CONFINABLE: Confinable = {
  network: "none",
  user: "same",
  noNewPrivileges: false,
  limits: false,
};

let probed: Promise<Confinable> | undefined;

/** Finds out once which confinement this host offers for a child process. */
export function confinable(): Promise<Confinable> {
  probed ??= probe();
  return probed;
}

/** Picks a user id for one process, or `undefined` where it has to run as this process does. */
export function newUser({ user }: Pick<Confinable, "user">): number | undefined {
  if (user === "same") return undefined;
  return user === "own" ? FIRST_ID + randomInt(IDS) : NOBODY;
}

/**
 * Builds the command line that runs `command` as confined as the host allows. Each program in front
 * replaces itself by the next one, so the started process becomes `command` in the end.
 */
export function confinedCommand(
  host: Confinable,
  command: readonly string[],
  { network = false, user, groups = [], limits = {} }: HostConfinement = {},
): string[] {
  const becomes = asUser(host, user, groups);
  const bounded = host.limits ? limitedTo(limits, user) : [];
  const namespace = network ? "none" : host.network;
  // Root creates the namespace before it changes its user. Other users create both kinds at once.
  if (namespace === "namespace") {
    return [program("unshare"), "--net", "--", ...bounded, ...becomes, ...command];
  }
  const apart = [program("unshare"), "--user", "--map-current-user", "--net", "--"];
  return [...bounded, ...becomes, ...(namespace === "user-namespace" ? apart : []), ...command];
}

/** Tests that another user may read or run a file, by becoming that user. */
export async function canUse(
  host: Confinable,
  flag: "-r" | "-x",
  path: string,
  who: Pick<HostConfinement, "user" | "groups">,
): Promise<boolean> {
  const test = [program("test"), flag, path];
  const [file = "", ...args] = confinedCommand(host, test, { ...who, network: true });
  try {
    await run(file, args, { env: {}, cwd: "/", timeout: PROBE_WITHIN });
    return true;
  } catch {
    return false;
  }
}

function asUser(host: Confinable, user: number | undefined, groups: readonly number[]): string[] {
  if (!host.noNewPrivileges) return [];
  if (user === undefined) return [program("setpriv"), "--no-new-privs", "--"];
  return [
    program("setpriv"),
    `--reuid=${user}`,
    `--regid=${user}`,
    groups.length > 0 ? `--groups=${groups.join(",")}` : "--clear-groups",
    "--no-new-privs",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--",
  ];
}

/**
 * Builds the prefix that sets hard and soft limits. Processes are counted by user, so they are
 * limited only for a user id of its own.
 */
function limitedTo({ nproc, ...limits }: HostProcessLimits, user: number | undefined): string[] {
  const all = { ...limits, ...(user !== undefined && user !== NOBODY && nproc && { nproc }) };
  const options = Object.entries(all).map(([name, most]) => `--${name}=${most}:${most}`);
  return options.length > 0 ? [program("prlimit"), ...options, "--"] : [];
}

const paths = new Map<string, string>();

function program(name: string): string {
  return paths.get(name) ?? join(PROGRAM_DIRECTORIES[0] ?? "", name);
}

async function find(name: string): Promise<void> {
  for (const directory of PROGRAM_DIRECTORIES) {
    const path = join(directory, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!found) continue;
    paths.set(name, path);
    return;
  }
}

async function probe(): Promise<Confinable> {
  if (process.platform !== "linux") return NOT_CONFINABLE;
  const needed = ["unshare", "setpriv", "prlimit", "cat", "readlink", "test"];
  await Promise.all(needed.map(find));
  let host = NOT_CONFINABLE;
  const tell = async (better: Partial<Confinable>, holds: Check): Promise<boolean> => {
    const confined = { ...host, ...better };
    const isBetter = await holds(confined).catch(() => false);
    if (isBetter) host = confined;
    return isBetter;
  };
  // Checks everything at once with two programs, because most hosts have it all. Otherwise checks one by one.
  const all = { limits: true, noNewPrivileges: true, user: "own", network: "namespace" } as const;
  if (process.getuid?.() === 0 && (await tell(all, hasAll))) return host;
  await tell({ limits: true }, hasLimits);
  await tell({ noNewPrivileges: true }, hasNoNewPrivileges);
  if (host.noNewPrivileges && process.getuid?.() === 0) {
    (await tell({ user: "own" }, isOtherUser)) || (await tell({ user: "nobody" }, isOtherUser));
  }
  (await tell({ network: "namespace" }, isApart)) ||
    (await tell({ network: "user-namespace" }, isApart));
  return host;
}

type Check = (host: Confinable) => Promise<boolean>;

const hasAll: Check = async (host) => {
  const user = newUser(host);
  const files = ["/proc/self/limits", "/proc/self/status"];
  const [text, isAlone] = await Promise.all([
    output(host, ["cat", ...files], { network: true, user, limits: PROBED }),
    isApart(host),
  ]);
  return isAlone && showsLimits(text) && showsNoNewPrivileges(text) && showsUser(text, user);
};

const hasLimits: Check = async (host) =>
  showsLimits(await output(host, ["cat", "/proc/self/limits"], { network: true, limits: PROBED }));

const hasNoNewPrivileges: Check = async (host) =>
  showsNoNewPrivileges(await output(host, ["cat", "/proc/self/status"], { network: true }));

const isOtherUser: Check = async (host) => {
  const user = newUser(host);
  return showsUser(await output(host, ["cat", "/proc/self/status"], { network: true, user }), user);
};

const PROBED: HostProcessLimits = { core: 0, nofile: 64 };

function showsLimits(text: string): boolean {
  return /^Max open files +64 +64 /m.test(text);
}

function showsNoNewPrivileges(text: string): boolean {
  return /^NoNewPrivs:\t1$/m.test(text);
}

function showsUser(text: string, user: number | undefined): boolean {
  return text.includes(`\nUid:\t${user}\t${user}\t${user}\t${user}\n`);
}

const isApart: Check = async (host) => {
  const text = await output(host, ["readlink", "/proc/self/ns/net"], { user: newUser(host) });
  return text.startsWith("net:[") && text.trim() !== (await readlink("/proc/self/ns/net"));
};

async function output(
  host: Confinable,
  [name = "", ...args]: readonly string[],
  confinement: HostConfinement,
): Promise<string> {
  const [file = "", ...rest] = confinedCommand(host, [program(name), ...args], confinement);
  const { stdout } = await run(file, rest, { env: {}, cwd: "/", timeout: PROBE_WITHIN });
  return stdout;
}
