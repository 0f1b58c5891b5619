import type { ContainerCreateOptions, HostConfig, MountSettings } from "dockerode";
import { heapMegabytes, hostArguments, NO_REACH, type Reach, RUN_ALONE } from "../../deno/deno.ts";
import { DATABASE_SOCKET } from "../../protocol/database.ts";
import { EGRESS_SOCKET } from "../../protocol/egress-admin.ts";
import { FORWARDER } from "../../protocol/forwarder.ts";
import { CONTROL_SOCKET } from "../connection/socket-directory.ts";
import type { Profile } from "../contract/contract.ts";
import { NULL_STDIO } from "./null-stdio.ts";
import { seccompProfile } from "./seccomp.ts";

/** Label keys every container of ours carries; the reaper goes by them alone. */
export const Label = {
  managed: "isolate.managed",
  runDirectory: "isolate.run-dir",
  instance: "isolate.instance",
  slot: "isolate.slot",
  /** `sandbox`, `network` for what holds a namespace open, `egress` for the proxy. */
  kind: "isolate.kind",
} as const;

const MEGABYTE = 1_048_576;
const MOUNT_POINT = "/run/isolate";
const PROXY = `http://${FORWARDER.hostname}:${FORWARDER.port}`;
const NOBODY = "65534:65534";

/** Say which names the system knows by itself, and how incomplete ones are completed. */
const RESOLVER_FILES = ["/etc/hosts", "/etc/resolv.conf"];
/** Milliseconds after which a proxy ends whose control plane is gone and has not come back. */
const PROXY_ENDS_AFTER = 60_000;
/**
 * What 1,024 connections take that send and are not read from (`egress/connection-budget.ts`), some 600 MB,
 * and room for what kernels with cgroups of version 2 count besides: buffers of TCP.
 */
const SIDECAR_MEMORY = 1_024 * MEGABYTE;
const HOLDER_MEMORY = 16 * MEGABYTE;

const CONFINED_HOST: HostConfig = {
  ReadonlyRootfs: true,
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges:true", `seccomp=${seccompProfile()}`],
  IpcMode: "none",
  // What user code prints to its standard output is nobody's log.
  LogConfig: { Type: "none", Config: {} },
};

export interface ContainerSpec {
  readonly image: string;
  readonly profile: Profile;
  /** The slot's directory on the host; its last segment is the slot's id. */
  readonly slot: { readonly id: string; readonly directory: string };
  readonly instance: { readonly id: string; readonly runDirectory: string };
  /** Id of the container whose network namespace it joins. */
  readonly network: string;
  /** The most its jobs can be granted. Default: nothing. */
  readonly reach?: Reach | undefined;
  /** OCI runtime; the engine's default if absent. */
  readonly runtime?: string | undefined;
}

/**
 * What a sandbox container is created with. Every protection here has a probe in
 * tests/container/ that notices when it is gone.
 */
export function containerOptions(spec: ContainerSpec): ContainerCreateOptions {
  const { image, profile, slot, instance, network, runtime } = spec;
  const memory = profile.memory * MEGABYTE;
  return {
    ...confined(instance, slot.id, "sandbox"),
    Image: image,
    Entrypoint: [NULL_STDIO, "/bin/deno"],
    Cmd: hostArguments({
      runnerDirectory: "/runner",
      sockets: [CONTROL_SOCKET, EGRESS_SOCKET, DATABASE_SOCKET].map(
        (name) => `${MOUNT_POINT}/${name}`,
      ),
      heapMegabytes: heapMegabytes(profile.memory),
      reach: spec.reach ?? NO_REACH,
    }),
    // For the runtime's own clients: what is not in a Worker's permissions does not get that far.
    Env: [`HTTP_PROXY=${PROXY}`, `HTTPS_PROXY=${PROXY}`],
    HostConfig: {
      ...CONFINED_HOST,
      ...(runtime !== undefined && { Runtime: runtime }),
      // An empty namespace that is there already: the control socket is the only way in or out.
      NetworkMode: `container:${network}`,
      Mounts: [
        bind(slot.directory, MOUNT_POINT),
        ...(profile.mounts ?? []).map(({ source, target }) => bind(source, target)),
      ],
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777" },
      Memory: memory,
      // Equal to the memory: no swap.
      MemorySwap: memory,
      NanoCpus: Math.round(profile.cpus * 1e9),
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
 * What the container is created with that holds a network namespace open. The sandbox that joins
 * it takes its name and its resolvers from here, too.
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
      // Else /etc/resolv.conf would name the host's resolvers.
      Dns: ["127.0.0.1"],
      Memory: HOLDER_MEMORY,
      MemorySwap: HOLDER_MEMORY,
      PidsLimit: 16,
    },
  };
}

/** What the egress proxy's container is created with: the only one with a network. */
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
    // Whose the slots' directories are: it makes its sockets in there.
    User: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
    Image: image,
    Cmd: [
      ...RUN_ALONE,
      "--allow-net",
      // Its host's addresses are not the world's.
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
      // The host's, so that an operator can let tenants reach what listens on loopback.
      NetworkMode: "host",
      Mounts: [bind(directory, directory, false)],
      Memory: SIDECAR_MEMORY,
      MemorySwap: SIDECAR_MEMORY,
      PidsLimit: 64,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
  };
}

/** A folder of the host's. The engine refuses one that is missing; among `Binds` it would make one. */
export function bind(source: string, target: string, readOnly = true): MountSettings {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly };
}

/** What every container of ours has in common. */
function confined(
  instance: ContainerSpec["instance"],
  id: string,
  kind: "sandbox" | "network" | "egress",
): Pick<ContainerCreateOptions, "User" | "StopSignal" | "Labels"> {
  return {
    User: NOBODY,
    // Nothing in them could end gracefully; an engine that shuts down need not wait for it.
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
