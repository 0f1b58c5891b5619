import type { ContainerCreateOptions } from "dockerode";
import type { Confinement } from "../../permissions/confinement.ts";
import type { Profile } from "../contract/contract.ts";
import { containerOptions, networkOptions } from "./flags.ts";

const MEGABYTE = 1_048_576;
const SECCOMP = "seccomp=";
/** Placeholders for the values that differ between containers and do not confine them. */
const ANY = { image: "", network: "", instance: { id: "", runDirectory: "" } };

type Created = Pick<ContainerCreateOptions, "User" | "HostConfig">;

/**
 * Describes the confinement of a profile's sandboxes, read from the options they are created with.
 */
export function confinement(profile: Profile, runtime: string | undefined): Confinement {
  const slot = { id: "", directory: "" };
  return confinementOf(
    containerOptions({ ...ANY, slot, profile, runtime }),
    networkOptions({ ...ANY, id: "" }),
  );
}

/**
 * Describes the confinement in a container's options, or in an engine's description of it. `holder`
 * are the same of the container that holds its network.
 */
export function confinementOf({ User, HostConfig = {} }: Created, holder: Created): Confinement {
  const { Memory = 0, MemorySwap = 0, NanoCpus = 0, NetworkMode = "" } = HostConfig;
  const security: readonly string[] = HostConfig.SecurityOpt ?? [];
  const mounts = HostConfig.Mounts ?? [];
  const lent = NetworkMode.startsWith("container:");
  return {
    user: User ?? "",
    network: { mode: (lent ? holder.HostConfig?.NetworkMode : NetworkMode) ?? "", lent },
    readOnlyRoot: HostConfig.ReadonlyRootfs ?? false,
    capabilitiesDropped: (HostConfig.CapDrop ?? []) as string[],
    noNewPrivileges: security.includes("no-new-privileges:true"),
    seccomp: filterOf(security.find((option) => option.startsWith(SECCOMP))),
    ipc: HostConfig.IpcMode ?? "",
    memory: Memory / MEGABYTE,
    swap: (MemorySwap - Memory) / MEGABYTE,
    cpus: NanoCpus / 1e9,
    pids: HostConfig.PidsLimit ?? 0,
    ulimits: Object.fromEntries((HostConfig.Ulimits ?? []).map(({ Name, Hard }) => [Name, Hard])),
    tmpfs: HostConfig.Tmpfs ?? {},
    mounts: Object.fromEntries(
      mounts.map(({ Target, ReadOnly }) => [Target, ReadOnly === true ? "ro" : "rw"]),
    ),
    runtime: HostConfig.Runtime ?? null,
  };
}

function filterOf(option: string | undefined): Confinement["seccomp"] {
  if (option === undefined) return null;
  const { defaultAction, syscalls } = JSON.parse(option.slice(SECCOMP.length)) as {
    defaultAction: string;
    syscalls: readonly { names: readonly string[]; action: string }[];
  };
  const allowed = syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW");
  const names = new Set(allowed.flatMap(({ names }) => names));
  return { otherwise: defaultAction, allowed: names.size };
}
