import type { Facts } from "./probe.ts";

/** How a probe of a flag ends otherwise in gVisor; docs/operate/gvisor.md says the same in words. */
export interface Difference {
  /** What the code sees with the flag. */
  readonly holds?: Facts;
  /** Why nothing inside can tell whether the flag is there. */
  readonly unseen?: string;
  /** Why the protection is there without the flag, too. */
  readonly irremovable?: string;
}

export const IN_GVISOR: Readonly<Record<string, Difference>> = {
  // The engine does not hear of every such kill that it was for memory.
  Memory: { holds: { ended: "closed" } },
  MemorySwap: { unseen: "its cgroup is the whole sandbox's, and not shown in there" },
  NanoCpus: { unseen: "its cgroup is the whole sandbox's, and not shown in there" },
  PidsLimit: { unseen: "threads are gVisor's own, and no thread of the host's each" },
  // The signal that goes with the limit is not held back, and ends the sandbox.
  "Ulimits fsize": { holds: { ended: "closed" } },
  NetworkMode: {
    holds: { interfaces: ["lo"], connected: "EHOSTUNREACH" },
    irremovable: "runsc is told --network=none",
  },
  "Tmpfs noexec": { unseen: "this runsc does not look at it when a library is loaded" },
  "Tmpfs nodev": { unseen: "a device is gVisor's own, and none of the host's" },
  "Tmpfs nosuid": { unseen: "this runsc does not list it" },
  "SecurityOpt no-new-privileges:true": { unseen: "always set, and not listed" },
  "SecurityOpt seccomp": { unseen: "runsc filters its own calls to the host by its own list" },
  IpcMode: { holds: { wrote: "EACCES" } },
  PidMode: { irremovable: "gVisor has processes of its own alone" },
};
