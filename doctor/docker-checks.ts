import type Docker from "dockerode";
import { call } from "../src/engines/container/docker.ts";
import { checkRuntime } from "../src/engines/container/runtime.ts";
import { assertSeccomp } from "../src/engines/container/seccomp.ts";
import {
  foreignEngine,
  missingRuntime,
  oldEngine,
  silentEngine,
  unfilteredCalls,
} from "../src/engines/explain/host-faults.ts";
import { type Finding, fail, faulty, ok, warn } from "./finding.ts";
import { knownBad } from "./known-bad.ts";

const PING_WITHIN = 3_000;
const CGROUPS =
  "docs/operate/troubleshooting.md#control-groups says how a host gets control groups";

/** Fields used of an engine's description of itself. */
export interface EngineInfo {
  readonly OSType?: string;
  readonly CgroupVersion?: string;
  readonly CgroupDriver?: string;
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly PidsLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly MemTotal?: number;
  readonly SecurityOptions?: unknown;
  readonly Runtimes?: Readonly<Record<string, { readonly runtimeArgs?: readonly string[] }>>;
}

export interface EngineVersion {
  readonly Version?: string;
  readonly ApiVersion?: string;
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[];
}

export interface EngineDemands {
  readonly runtime: string | undefined;
  /** Megabytes that all sandboxes together may use. */
  readonly memory: number;
}

/** Checks that the engine answers, and reports its version. Returns true if it can be used. */
export async function* checkEngine(
  docker: Docker,
  socket: string,
  demands: EngineDemands,
): AsyncGenerator<Finding, boolean> {
  let info: EngineInfo;
  let version: EngineVersion;
  try {
    await call("ping", docker.ping(), PING_WITHIN);
    [info, version] = await Promise.all([
      call("description", docker.info() as Promise<EngineInfo>),
      call("version", docker.version() as Promise<EngineVersion>),
    ]);
  } catch (error) {
    yield faulty("engine", silentEngine(socket, error));
    return false;
  }
  yield answering(socket, info, version);
  yield* versions(version);
  yield seccomp(info);
  yield* cgroups(info);
  yield runtimeOf(info, demands.runtime);
  yield memoryFor(info, demands.memory);
  return info.OSType === "linux";
}

function answering(socket: string, info: EngineInfo, version: EngineVersion): Finding {
  const { Version = "?", ApiVersion = "0.0" } = version;
  const foreign = foreignEngine(info.OSType);
  if (foreign !== undefined) return faulty("engine", foreign);
  const old = oldEngine(Version, ApiVersion);
  if (old !== undefined) return warn("engine", old.message, old.advice);
  return ok("engine", `Docker Engine ${Version} with API ${ApiVersion} answers at ${socket}`);
}

/**
 * Reports known vulnerabilities of the engine and of the programs that it starts containers with.
 */
export function* versions({ Components = [] }: EngineVersion): Generator<Finding> {
  const known = Components.filter(({ Name }) => ["Engine", "containerd", "runc"].includes(Name));
  let bad = 0;
  for (const { Name, Version } of known) {
    for (const { id, reason, fixed, patched } of knownBad(Name, Version)) {
      bad += 1;
      const said = `${Name} ${Version} is older than the fix of ${id}: ${reason}`;
      const update = `Update ${Name} to ${fixed} or newer`;
      if (!patched) yield fail("versions", said, update);
      else yield warn("versions", said, `${update}, or see in your distribution's changelog`);
    }
  }
  const names = known.map(({ Name, Version }) => `${Name} ${Version}`).join(", ");
  if (bad === 0) yield ok("versions", `Nothing is known against ${names || "what it is made of"}`);
}

function seccomp(info: EngineInfo): Finding {
  try {
    assertSeccomp(info.SecurityOptions);
    return ok("seccomp", "The engine filters system calls");
  } catch (error) {
    return faulty("seccomp", unfilteredCalls(error));
  }
}

/** Checks that the kernel supports the limits of sandboxes. Probes test the limits themselves. */
export function* cgroups(info: EngineInfo): Generator<Finding> {
  const limits = {
    memory: info.MemoryLimit,
    processors: info.CpuCfsQuota,
    processes: info.PidsLimit,
  };
  const missing = Object.entries(limits).flatMap(([name, there]) => (there ? [] : [name]));
  const version = `cgroup version ${info.CgroupVersion ?? "1"} by ${info.CgroupDriver ?? "?"}`;
  if (missing.length > 0) {
    yield fail("cgroup", `With ${version}, nothing limits ${missing.join(" and ")}`, CGROUPS);
  } else yield ok("cgroup", `With ${version}, memory, processors and processes have limits`);
  if (info.SwapLimit === false) {
    const advice = 'Start the kernel with "swapaccount=1", or turn swap off';
    yield warn("swap", "Swap is not limited: memory beyond the limit may go there", advice);
  }
}

function runtimeOf(info: EngineInfo, runtime: string | undefined): Finding {
  try {
    const warning = checkRuntime(info, runtime);
    if (warning === undefined) {
      return ok("runtime", `Sandboxes run by ${runtime ?? "the engine's default runtime"}`);
    }
    return warn("runtime", warning, "See docs/operate/gvisor.md#what-differs");
  } catch (error) {
    return faulty("runtime", missingRuntime(error));
  }
}

function memoryFor({ MemTotal = 0 }: EngineInfo, megabytes: number): Finding {
  const total = Math.floor(MemTotal / 1_048_576);
  const said = `Sandboxes may take ${megabytes} MB together, of ${total} MB`;
  if (total >= megabytes) return ok("memory", said);
  return warn("memory", said, "Lower ISOLATE_POOL_MAX or ISOLATE_MEMORY");
}
