import type { ContainerCreateOptions } from "dockerode";
import { heapMegabytes, hostArguments } from "../deno.ts";
import type { Profile } from "../engine.ts";
import { CONTROL_SOCKET } from "../slot.ts";
import { seccompProfile } from "./seccomp.ts";

/** Label keys every container of ours carries; the reaper goes by them alone. */
export const Label = {
  managed: "isolate.managed",
  runDirectory: "isolate.run-dir",
  instance: "isolate.instance",
  slot: "isolate.slot",
} as const;

const SECCOMP = seccompProfile();
const MEGABYTE = 1_048_576;
const MOUNT_POINT = "/run/isolate";
const NOBODY = "65534:65534";

export interface ContainerSpec {
  readonly image: string;
  readonly profile: Profile;
  /** The slot's directory on the host; its last segment is the slot's id. */
  readonly slot: { readonly id: string; readonly directory: string };
  readonly instance: { readonly id: string; readonly runDirectory: string };
  /** OCI runtime; the engine's default if absent. */
  readonly runtime?: string | undefined;
}

/**
 * What a sandbox container is created with. Every protection here has a probe in
 * tests/container/hardening.test.ts that notices when it is gone.
 */
export function containerOptions(spec: ContainerSpec): ContainerCreateOptions {
  const { image, profile, slot, instance, runtime } = spec;
  const memory = profile.memory * MEGABYTE;
  return {
    Image: image,
    Cmd: hostArguments({
      runnerDirectory: "/runner",
      controlSocket: `${MOUNT_POINT}/${CONTROL_SOCKET}`,
      heapMegabytes: heapMegabytes(profile.memory),
    }),
    User: NOBODY,
    Hostname: "sandbox",
    // Nothing in a sandbox could end gracefully; an engine that shuts down need not wait for it.
    StopSignal: "SIGKILL",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Labels: {
      [Label.managed]: "true",
      [Label.runDirectory]: instance.runDirectory,
      [Label.instance]: instance.id,
      [Label.slot]: slot.id,
    },
    HostConfig: {
      ...(runtime !== undefined && { Runtime: runtime }),
      // The control socket is the only way in or out: no interface, no route, no resolver.
      NetworkMode: "none",
      // Else /etc/resolv.conf would name the host's resolvers.
      Dns: ["127.0.0.1"],
      Binds: [`${slot.directory}:${MOUNT_POINT}:ro`],
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true", `seccomp=${SECCOMP}`],
      IpcMode: "none",
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
      // What user code prints to its standard output is nobody's log.
      LogConfig: { Type: "none", Config: {} },
    },
  };
}
