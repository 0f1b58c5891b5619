/**
 * Settings of a sandbox's container, for a reader who cares about security. It contains no path and
 * no id of the host.
 */
export interface Confinement {
  /** Numeric user and group. */
  readonly user: string;
  /** Mode of the network namespace. `lent` is true if it belongs to another container. */
  readonly network: { readonly mode: string; readonly lent: boolean };
  readonly readOnlyRoot: boolean;
  readonly capabilitiesDropped: readonly string[];
  readonly noNewPrivileges: boolean;
  /**
   * Action for a system call that is not allowed, and the number of allowed ones. `null`: no
   * filter.
   */
  readonly seccomp: { readonly otherwise: string; readonly allowed: number } | null;
  readonly ipc: string;
  /** Memory in megabytes, and swap beyond it. */
  readonly memory: number;
  readonly swap: number;
  /** CPU cores. */
  readonly cpus: number;
  /** Most processes and threads. */
  readonly pids: number;
  /** Hard limits, in files and bytes. */
  readonly ulimits: Readonly<Record<string, number>>;
  /** Path in the sandbox → mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** Host paths mounted in the sandbox: path in the sandbox → mode. */
  readonly mounts: Readonly<Record<string, string>>;
  /** The OCI runtime's name; `null` is the engine's default. */
  readonly runtime: string | null;
}
