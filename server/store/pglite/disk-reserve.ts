import { statfsSync } from "node:fs";
import type { StoredAnswer } from "../contract/idempotency.ts";
import { CERTAIN_ANSWER } from "../contract/storage.ts";
import { StorageReserved } from "../contract/store-errors.ts";
import type { StoreParts } from "../drizzle/store-parts.ts";

const RESERVE = 268_435_456;

/** Methods that store more bytes. The others read, delete, or change small values. */
const KEEPING: { readonly [Part in keyof StoreParts]?: readonly (keyof StoreParts[Part])[] } = {
  tenants: ["put"],
  keys: ["create"],
  functions: ["deploy"],
  executions: ["record"],
  jobs: ["accept"],
  // Answers of jobs are limited by the running ones: no job is claimed while the reserve is
  // reached.
  idempotency: ["begin", "finish"],
  resources: ["publish"],
  types: ["add"],
};

interface BoundedCall {
  readonly part: keyof StoreParts;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Reserves room on the store's disk, so that reading and deleting always work. */
export class DiskReserve {
  readonly #directory: string;
  readonly bytes: number;

  /**
   * Takes the reserve in bytes. Default: 256 MiB, or a quarter of the file system if that is less.
   */
  constructor(directory: string, bytes?: number) {
    this.#directory = directory;
    const { blocks, bsize } = statfsSync(directory);
    this.bytes = bytes ?? Math.min(RESERVE, Math.floor((blocks * bsize) / 4));
  }

  /** Returns the free bytes, by a system call of some microseconds. */
  free(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#directory);
      return bavail * bsize;
    } catch {
      // A missing directory has no room.
      return 0;
    }
  }

  /** True while only the reserve is left. */
  get reached(): boolean {
    return this.free() < this.bytes;
  }

  /** @throws {StorageReserved} For a call that would store more while the reserve is reached. */
  check({ method, args }: BoundedCall): void {
    // Answers of accepted requests may use half of the reserve; small ones may use all of it.
    const isEnding = method === "finish";
    if (isEnding && (args[3] as StoredAnswer).body.length <= CERTAIN_ANSWER) return;
    if (this.free() >= (isEnding ? this.bytes / 2 : this.bytes)) return;
    const least = `Less than ${this.bytes} bytes are free on the disk of the store`;
    throw new StorageReserved(`${least}, which are set aside: only reading and deleting work`);
  }

  /** Tests whether a method stores more bytes. */
  isBounded({ part, method }: Pick<BoundedCall, "part" | "method">): boolean {
    return (KEEPING[part] as readonly string[] | undefined)?.includes(method) === true;
  }
}
