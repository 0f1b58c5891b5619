import type { Facts } from "./probe.ts";

/** Different result of a flag's probe in gVisor; docs/operate/gvisor.md says the same in words. */
export interface Difference {
  /** Facts that the code sees with the flag. */
  readonly holds?: Facts;
  /** Reason why no code inside can detect the flag. */
  readonly unseen?: string;
  /** Reason why the protection exists without the flag, too. */
  readonly irremovable?: string;
}

export const IN_GVISOR: Readonly<Record<string, Difference>> = {
  // The engine does not learn of every such kill that memory was the reason.
  Memory: { holds: { ended: "closed" } },
  MemorySwap: { unseen: "its cgroup is the whole sandbox's, and not shown in there" },
  NanoCpus: { unseen: "its cgroup is the whole sandbox's, and not shown in there" },
  PidsLimit: { unseen: "threads are gVisor's own, and no thread of the host's each" },
  // gVisor does not hold back the signal that comes with the limit, so it ends the sandbox.
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
