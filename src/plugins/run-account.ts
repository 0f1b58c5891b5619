import type { JobUsage } from "../engines/contract/contract.ts";
import { NOT_MEASURED } from "../engines/explain/outcome.ts";
import type { Perms } from "../permissions/perms.ts";
import type { SandboxLevel } from "../request/types.ts";

/** Level, tools and permissions of an execution. */
export interface Granted {
  readonly level: SandboxLevel;
  /** Names of its tools. */
  readonly tools: readonly string[];
  /** Union of the permissions that its request and its tools ask for. */
  readonly permissions: Perms;
}

/** Part of a context that tells what it is granted. */
interface Loaded {
  readonly level: SandboxLevel;
  readonly tools: readonly { readonly name: string }[];
  readonly permissions: Perms;
}

/**
 * Account of one execution. Every job that runs for it is entered here, because a plugin may answer
 * with another output, or run several jobs.
 */
export class RunAccount {
  readonly #onGranted: ((granted: Granted) => void) | undefined;
  #begun = false;
  #used: JobUsage | undefined;

  constructor(onGranted?: ((granted: Granted) => void) | undefined) {
    this.#onGranted = onGranted;
  }

  /** Sum of what its jobs have used. */
  get used(): JobUsage {
    return this.#used ?? NOT_MEASURED;
  }

  /** Reports the permissions of the execution, before its first job. */
  begin({ level, tools, permissions }: Loaded): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#onGranted?.({ level, tools: tools.map(({ name }) => name), permissions });
  }

  add(usage: JobUsage): void {
    this.#used = this.#used === undefined ? usage : total(this.#used, usage);
  }
}

function total(before: JobUsage, usage: JobUsage): JobUsage {
  return {
    ...usage,
    cpu: known(before.cpu, usage.cpu, (a, b) => a + b),
    peakMemory: known(before.peakMemory, usage.peakMemory, Math.max),
    bytesOut: before.bytesOut + usage.bytesOut,
    egressBytes: before.egressBytes + usage.egressBytes,
    queued: before.queued + usage.queued,
    channelDropped: before.channelDropped + usage.channelDropped,
  };
}

function known(
  a: number | null,
  b: number | null,
  combine: (a: number, b: number) => number,
): number | null {
  return a === null || b === null ? (a ?? b) : combine(a, b);
}
