import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Gauge } from "../metering/meter.ts";
import { hasWritten, ProcFile } from "../metering/proc-file.ts";
import type { Throttle } from "../pool/idle-watch.ts";
import { CgroupThrottle } from "./throttle.ts";

/**
 * Directory of the kernel's control groups, also where a containerised control plane mounts them.
 */
const ROOT = "/sys/fs/cgroup";

/** Places where the engine puts a container, with its own driver or systemd's. */
const PLACES = ["docker/ID", "system.slice/docker-ID.scope"];

const NANOSECONDS = 1_000_000;
const MICROSECONDS = 1_000;

/** Files of one version of control groups, below the root; `PLACE` is the container's part. */
interface Version {
  readonly cpu: string;
  readonly memory: string;
  /** File with the processor time of each period. */
  readonly quota: string;
  /** Text that makes the memory file forget its peak; absent where it cannot. */
  readonly forget?: string;
  /** Content of `quota` for a hundredth of a core, with the engine's period. */
  readonly held: string;
  /** File with its weight among other groups, and the usual one. */
  readonly share: string;
  readonly usualShare: string;
}

const V2: Version = {
  cpu: "PLACE/cpu.stat",
  memory: "PLACE/memory.peak",
  quota: "PLACE/cpu.max",
  held: "1000 100000",
  share: "PLACE/cpu.weight",
  usualShare: "100",
};
const V1: Version = {
  quota: "cpu/PLACE/cpu.cfs_quota_us",
  held: "1000",
  share: "cpu/PLACE/cpu.shares",
  usualShare: "1024",
  cpu: "cpuacct/PLACE/cpuacct.usage",
  memory: "memory/PLACE/memory.max_usage_in_bytes",
  forget: "0",
};

/** Finds the control groups of one engine's containers. All of them are in the same place. */
export class Cgroups {
  readonly #root: string;
  /** `null` once they are known to be invisible from here. */
  #found: Version | null | undefined;
  #isWritable = false;

  constructor(root = ROOT) {
    this.#root = root;
  }

  /**
   * Returns the gauge of a running container. `pidOf` returns the host's id of its first process.
   */
  async gauge(id: string, pidOf: () => Promise<number>): Promise<Gauge | undefined> {
    if (this.#found === undefined) {
      this.#found = this.#at(id, PLACES) ?? this.#at(id, await placesOf(id, pidOf)) ?? null;
    }
    return this.#found === null ? undefined : new CgroupGauge(this.#root, this.#found, id);
  }

  /**
   * Returns the host's id of a container's first process, once its gauge has been found; `undefined`
   * where this process cannot see it.
   */
  pid(id: string): number | undefined {
    if (this.#found === null || this.#found === undefined) return undefined;
    const { cpu } = this.#found;
    const path = join(this.#root, dirname(cpu.replace("ID", id)), "cgroup.procs");
    // Processes of other pid namespaces have the id 0.
    return firstPid(path) || undefined;
  }

  /** True if `giveUsualShare()` can be expected to work, because a container's group is writable. */
  get givesShares(): boolean {
    return this.#isWritable;
  }

  /** Gives a running container the weight that it has by default. Returns false if it cannot. */
  giveUsualShare(id: string): boolean {
    const { share, usualShare } = this.#found ?? {};
    if (share === undefined || usualShare === undefined) return false;
    return hasWritten(join(this.#root, share.replace("ID", id)), usualShare);
  }

  /**
   * Returns the throttle of a container whose gauge has been found; `undefined` where its groups
   * are read-only.
   */
  throttle(id: string): Throttle | undefined {
    if (this.#found === null || this.#found === undefined) return undefined;
    const { quota, held } = this.#found;
    const path = join(this.#root, quota.replace("ID", id));
    this.#isWritable = isWritable(path);
    return this.#isWritable ? new CgroupThrottle(path, held) : undefined;
  }

  #at(id: string, places: readonly string[]): Version | undefined {
    return places
      .flatMap((place) => [V2, V1].map((version) => placed(version, place)))
      .find(({ cpu }) => existsSync(join(this.#root, cpu.replace("ID", id))));
  }
}

/**
 * Finds the places of an engine with its own cgroup parent, by the cgroups of a container's
 * process.
 */
async function placesOf(id: string, pidOf: () => Promise<number>): Promise<string[]> {
  const pid = await pidOf().catch(() => 0);
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  const paths = text.split("\n").map((line) => line.split(":").slice(2).join(":"));
  return paths.filter((path) => path.includes(id)).map((path) => path.replace(id, "ID"));
}

function placed(version: Version, place: string): Version {
  const { cpu, memory, quota, share } = version;
  const at = (path: string): string => path.replace("PLACE", place);
  return { ...version, cpu: at(cpu), memory: at(memory), quota: at(quota), share: at(share) };
}

function firstPid(path: string): number {
  try {
    return Number(readFileSync(path, "utf8").split("\n", 1)[0]);
  } catch {
    return 0;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Reads a container's control group, which counts all its processes, ended ones included. */
class CgroupGauge implements Gauge {
  readonly #cpu: ProcFile;
  readonly #memory: ProcFile;

  readonly #memoryPath: string;
  readonly #forget: string | undefined;

  constructor(root: string, { cpu, memory, forget }: Version, id: string) {
    this.#cpu = new ProcFile(join(root, cpu.replace("ID", id)));
    this.#memoryPath = join(root, memory.replace("ID", id));
    this.#memory = new ProcFile(this.#memoryPath);
    this.#forget = forget;
  }

  cpu(): number | null {
    const text = this.#cpu.read();
    if (text === undefined) return null;
    const microseconds = /^usage_usec (\d+)$/m.exec(text)?.[1];
    return microseconds === undefined
      ? Number(text) / NANOSECONDS
      : Number(microseconds) / MICROSECONDS;
  }

  peakMemory(): number | null {
    const text = this.#memory.read();
    return text === undefined ? null : Number(text);
  }

  forgetPeak(): boolean {
    return this.#forget !== undefined && hasWritten(this.#memoryPath, this.#forget);
  }

  close(): void {
    this.#cpu.close();
    this.#memory.close();
  }
}
