/**
 * What a sandbox's container is created with, for a reader who cares about security. There is no
 * path or id of the host's in it.
 */
export interface Confinement {
  /** Numeric user and group. */
  readonly user: string;
  /** What the network namespace was made with; a lent one is of another container. */
  readonly network: { readonly mode: string; readonly lent: boolean };
  readonly readOnlyRoot: boolean;
  readonly capabilitiesDropped: readonly string[];
  readonly noNewPrivileges: boolean;
  /** What becomes of a system call that is not allowed, and how many are; `null` is no filter. */
  readonly seccomp: { readonly otherwise: string; readonly allowed: number } | null;
  readonly ipc: string;
  /** Megabytes, and those of swap beyond. */
  readonly memory: number;
  readonly swap: number;
  /** Cores. */
  readonly cpus: number;
  /** Most processes and threads. */
  readonly pids: number;
  /** Hard limits, in files and bytes. */
  readonly ulimits: Readonly<Record<string, number>>;
  /** Path in the sandbox → mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** Paths in the sandbox that are the host's, each with its mode. */
  readonly mounts: Readonly<Record<string, string>>;
  /** The OCI runtime's name; `null` is the engine's default. */
  readonly runtime: string | null;
}
