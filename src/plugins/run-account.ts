import { Aborted } from "../base/errors.ts";
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

interface AccountListeners {
  readonly onGranted?: ((granted: Granted) => void) | undefined;
  /** Receives the source map of code that was bundled with packages. */
  readonly onSourceMap?: ((map: string) => void) | undefined;
}

interface AccountOptions extends AccountListeners {
  /** Hash of the lock of deployed code. */
  readonly lockHash?: string | undefined;
  /** Id of the execution, if it has one. */
  readonly id?: string | undefined;
}

/**
 * Account of one execution. Every job that runs for it is entered here, because a plugin may answer
 * with another output, or run several jobs.
 */
export class RunAccount {
  /** Id of the execution, if it has one. */
  readonly id: string | undefined;
  readonly #listeners: AccountListeners;
  #lockHash: string | undefined;
  #begun = false;
  #used: JobUsage | undefined;

  constructor({ lockHash, id, ...listeners }: AccountOptions = {}) {
    this.id = id;
    this.#listeners = listeners;
    this.#lockHash = lockHash;
  }

  /** Hash of the lock of its packages, if it has any. */
  get lockHash(): string | undefined {
    return this.#lockHash;
  }

  /** Enters the lock of the packages that its code was bundled with, and the source map. */
  onBundled(lockHash: string, map: string | undefined): void {
    this.#lockHash = lockHash;
    if (map !== undefined) this.#listeners.onSourceMap?.(map);
  }

  /** Sum of what its jobs have used. */
  get used(): JobUsage {
    return this.#used ?? NOT_MEASURED;
  }

  /**
   * Runs a job for a context and enters what it has used, also if it is aborted. A plugin may go on
   * after that, or have run other jobs before.
   */
  async run<T extends { readonly usage: JobUsage }>(
    context: Loaded,
    job: () => Promise<T>,
  ): Promise<T> {
    this.#begin(context);
    try {
      const output = await job();
      this.#add(output.usage);
      return output;
    } catch (error) {
      if (error instanceof Aborted && error.usage !== undefined) this.#add(error.usage);
      throw error;
    }
  }

  /** Has an abort tell what all jobs have used, if there was one. The execution took `wall` ms. */
  tell(aborted: Aborted, wall: number): void {
    if (this.#used !== undefined) aborted.usage = { ...this.#used, wall };
  }

  /** Reports the permissions of the execution, before its first job. */
  #begin({ level, tools, permissions }: Loaded): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#listeners.onGranted?.({ level, tools: tools.map(({ name }) => name), permissions });
  }

  #add(usage: JobUsage): void {
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
