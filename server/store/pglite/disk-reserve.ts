import { statfsSync } from "node:fs";
import type { StoredAnswer } from "../contract/idempotency.ts";
import { CERTAIN_ANSWER } from "../contract/storage.ts";
import { StorageReserved } from "../contract/store-errors.ts";
import type { StoreParts } from "../drizzle/store-parts.ts";

const RESERVE = 268_435_456;

/** Methods that keep something more. The others read, delete, or change what is there and is small. */
const KEEPING: { readonly [Part in keyof StoreParts]?: readonly (keyof StoreParts[Part])[] } = {
  tenants: ["put"],
  keys: ["create"],
  functions: ["deploy"],
  executions: ["record"],
  jobs: ["accept"],
  // Those of jobs are as many as run: none is claimed while the reserve is reached.
  idempotency: ["begin", "finish"],
  resources: ["publish"],
  types: ["add"],
};

interface BoundedCall {
  readonly part: keyof StoreParts;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The room on a store's disk that is set aside, so that reading and deleting always work. */
export class DiskReserve {
  readonly #directory: string;
  readonly bytes: number;

  /** Default: 256 MiB, or a quarter of the file system where that is less. */
  constructor(directory: string, bytes?: number) {
    this.#directory = directory;
    const { blocks, bsize } = statfsSync(directory);
    this.bytes = bytes ?? Math.min(RESERVE, Math.floor((blocks * bsize) / 4));
  }

  /** Bytes that are free: a system call of some microseconds. */
  free(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#directory);
      return bavail * bsize;
    } catch {
      // A directory that is gone has room for nothing.
      return 0;
    }
  }

  /** Whether no more is to be kept. */
  get reached(): boolean {
    return this.free() < this.bytes;
  }

  /** Throws `StorageReserved` for a call that would keep something where there is no room for that. */
  check({ method, args }: BoundedCall): void {
    // The answers of what was let in before have half of the reserve; small ones, all of it.
    const isEnding = method === "finish";
    if (isEnding && (args[3] as StoredAnswer).body.length <= CERTAIN_ANSWER) return;
    if (this.free() >= (isEnding ? this.bytes / 2 : this.bytes)) return;
    const least = `Less than ${this.bytes} bytes are free on the disk of the store`;
    throw new StorageReserved(`${least}, which are set aside: only reading and deleting work`);
  }

  /** Whether a method adds to what is on the disk. */
  isBounded({ part, method }: Pick<BoundedCall, "part" | "method">): boolean {
    return (KEEPING[part] as readonly string[] | undefined)?.includes(method) === true;
  }
}
