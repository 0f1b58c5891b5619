import type { ContainerCreateOptions, HostConfig, MountSettings } from "dockerode";
import { heapMegabytes, hostArguments, NO_REACH, type Reach, RUN_ALONE } from "../../deno/deno.ts";
import { RUNNER_DIRECTORY } from "../../deno/runner.ts";
import { DATABASE_SOCKET } from "../../protocol/database.ts";
import { AUTHORITY_FILE, EGRESS_SOCKET } from "../../protocol/egress-admin.ts";
import { FORWARDER } from "../../protocol/forwarder.ts";
import { CONTROL_SOCKET } from "../connection/socket-directory.ts";
import type { Profile } from "../contract/contract.ts";
import { NULL_STDIO } from "./null-stdio.ts";
import { seccompProfile } from "./seccomp.ts";

/** Label keys of all our containers. The reaper finds containers by them alone. */
export const Label = {
  managed: "isolate.managed",
  runDirectory: "isolate.run-dir",
  instance: "isolate.instance",
  slot: "isolate.slot",
  /** `sandbox`, `network` for a holder of a network namespace, `egress` for the proxy. */
  kind: "isolate.kind",
} as const;

const MEGABYTE = 1_048_576;
/** Directory of a container's own. Nothing else in it can be written. */
const SCRATCH = "/tmp";
const MOUNT_POINT = "/run/isolate";
const PROXY = `http://${FORWARDER.hostname}:${FORWARDER.port}`;
const NOBODY = "65534:65534";

/** Files with the system's static host names, and the rules for incomplete names. */
const RESOLVER_FILES = ["/etc/hosts", "/etc/resolv.conf"];
/** Milliseconds after which a proxy ends if its control plane is gone and does not return. */
const PROXY_ENDS_AFTER = 60_000;
/**
 * Bytes for 1,024 connections that send and do not read (`egress/connection-budget.ts`), about 600
 * MB. The rest is for TCP buffers, which kernels with cgroup version 2 also count.
 */
const SIDECAR_MEMORY = 1_024 * MEGABYTE;
const HOLDER_MEMORY = 16 * MEGABYTE;

/** Weight among containers that want to compute, a tenth of the usual one. */
const QUIET_SHARES = 102;

const CONFINED_HOST: HostConfig = {
  ReadonlyRootfs: true,
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges:true", `seccomp=${seccompProfile()}`],
  IpcMode: "none",
  // Output of user code on the container's standard output is not recorded.
  LogConfig: { Type: "none", Config: {} },
};

export interface ContainerSpec {
  readonly image: string;
  readonly profile: Profile;
  /** The slot's directory on the host. Its last segment is the slot's id. */
  readonly slot: { readonly id: string; readonly directory: string };
  readonly instance: { readonly id: string; readonly runDirectory: string };
  /** Id of the container whose network namespace the sandbox joins. */
  readonly network: string;
  /** Union of the permissions that its jobs may be granted. Default: nothing. */
  readonly reach?: Reach | undefined;
  /** OCI runtime; the engine's default if absent. */
  readonly runtime?: string | undefined;
  /** Name of the folder in the slot's directory with the runner's compiled code. Default: none. */
  readonly codeFolder?: string | undefined;
  /** True if somebody waits for this very sandbox. */
  readonly hurried?: boolean;
  /** True if it leaves the processors to others until it gets its usual share. Default false. */
  readonly isQuiet?: boolean;
}

/**
 * Builds the options of a sandbox container. Every protection here has a probe in doctor/ or tests/container/
 * that fails without it.
 */
export function containerOptions(spec: ContainerSpec): ContainerCreateOptions {
  const { image, profile, slot, instance, network, runtime, codeFolder } = spec;
  const memory = profile.memory * MEGABYTE;
  return {
    ...confined(instance, slot.id, "sandbox"),
    Image: image,
    Entrypoint: [NULL_STDIO, "/bin/deno"],
    Cmd: hostArguments({
      runnerDirectory: RUNNER_DIRECTORY,
      sockets: [CONTROL_SOCKET, EGRESS_SOCKET, DATABASE_SOCKET].map(
        (name) => `${MOUNT_POINT}/${name}`,
      ),
      heapMegabytes: heapMegabytes(profile.memory),
      reach: spec.reach ?? NO_REACH,
      hurried: spec.hurried ?? false,
      scratch: SCRATCH,
    }),
    // For the runtime's own clients. A Worker's permissions stop everything else earlier.
    Env: [
      `HTTP_PROXY=${PROXY}`,
      `HTTPS_PROXY=${PROXY}`,
      // Read at the first use of TLS, in addition to the runtime's own authorities.
      `DENO_CERT=${MOUNT_POINT}/${AUTHORITY_FILE}`,
      ...(codeFolder === undefined ? [] : [`DENO_DIR=${MOUNT_POINT}/${codeFolder}`]),
    ],
    HostConfig: {
      ...CONFINED_HOST,
      ...(runtime !== undefined && { Runtime: runtime }),
      // An existing, empty namespace: the mounted sockets are the only way in or out.
      NetworkMode: `container:${network}`,
      Mounts: [
        bind(slot.directory, MOUNT_POINT),
        ...(profile.mounts ?? []).map(({ source, target }) => bind(source, target)),
      ],
      Tmpfs: { [SCRATCH]: "rw,noexec,nosuid,nodev,size=16m,mode=1777" },
      Memory: memory,
      // Equal to the memory: no swap.
      MemorySwap: memory,
      NanoCpus: Math.round(profile.cpus * 1e9),
      ...(spec.isQuiet && { CpuShares: QUIET_SHARES }),
      PidsLimit: 128,
      Ulimits: [
        { Name: "nofile", Soft: 1024, Hard: 1024 },
        { Name: "fsize", Soft: 64 * MEGABYTE, Hard: 64 * MEGABYTE },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
    },
  };
}

/**
 * Builds the options of the container that holds a network namespace open. The sandbox that joins
 * the namespace also gets its host name and resolvers.
 */
export function networkOptions(spec: {
  image: string;
  id: string;
  instance: ContainerSpec["instance"];
}): ContainerCreateOptions {
  return {
    ...confined(spec.instance, spec.id, "network"),
    Image: spec.image,
    Cmd: ["/pause"],
    Hostname: "sandbox",
    HostConfig: {
      ...CONFINED_HOST,
      // No interface but loopback, no route.
      NetworkMode: "none",
      // Otherwise /etc/resolv.conf would name the host's resolvers.
      Dns: ["127.0.0.1"],
      Memory: HOLDER_MEMORY,
      MemorySwap: HOLDER_MEMORY,
      PidsLimit: 16,
    },
  };
}

/** Builds the options of the egress proxy's container, the only one with a network. */
export function sidecarOptions(spec: {
  image: string;
  instance: ContainerSpec["instance"] & { readonly directory: string };
  slot: string;
  adminSocket: string;
  egress: object;
}): ContainerCreateOptions {
  const { image, instance, slot, adminSocket, egress } = spec;
  const { directory } = instance;
  return {
    ...confined(instance, slot, "egress"),
    // The owner of the slots' directories, because the proxy creates its sockets there.
    User: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
    Image: image,
    Cmd: [
      ...RUN_ALONE,
      "--allow-net",
      // To treat its host's addresses as private.
      "--allow-sys=networkInterfaces",
      `--allow-read=${[directory, ...RESOLVER_FILES].join(",")}`,
      `--allow-write=${directory}`,
      "/egress/egress.js",
      adminSocket,
      JSON.stringify({ ...egress, endAfter: PROXY_ENDS_AFTER }),
    ],
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      // The host's network, so that an operator can let tenants reach services on loopback.
      NetworkMode: "host",
      Mounts: [bind(directory, directory, false)],
      Memory: SIDECAR_MEMORY,
      MemorySwap: SIDECAR_MEMORY,
      PidsLimit: 64,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
  };
}

/**
 * Mounts a folder of the host. The engine refuses one that is missing, whereas `Binds` would create
 * it.
 */
export function bind(source: string, target: string, readOnly = true): MountSettings {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly };
}

/** Builds the options common to all our containers. */
function confined(
  instance: ContainerSpec["instance"],
  id: string,
  kind: "sandbox" | "network" | "egress",
): Pick<ContainerCreateOptions, "User" | "StopSignal" | "Labels"> {
  return {
    User: NOBODY,
    // No container needs a graceful end, so an engine that shuts down need not wait.
    StopSignal: "SIGKILL",
    Labels: {
      [Label.managed]: "true",
      [Label.runDirectory]: instance.runDirectory,
      [Label.instance]: instance.id,
      [Label.slot]: id,
      [Label.kind]: kind,
    },
  };
}
