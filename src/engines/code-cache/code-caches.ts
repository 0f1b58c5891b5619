import { existsSync } from "node:fs";
import { link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { CODE, makeCodeCache } from "./make-code-cache.ts";

/** Starts after which a cache is made. Making one takes as long as some five starts save. */
const WORTH_IT = 4;
/** Sizes of the heap that get one. There are as many profiles as users ask for. */
const MOST = 8;

/** Folder with compiled code in a sandbox's directory. */
const FOLDER = "code";

/**
 * Puts compiled code into the directory that a container has anyway, without a copy. Returns the
 * folder's name, or nothing where files cannot have two names.
 */
export async function linkCode(from: string, directory: string): Promise<string | undefined> {
  const to = join(directory, FOLDER);
  try {
    await mkdir(to);
    const names = await readdir(from);
    await Promise.all(names.map((name) => link(join(from, name), join(to, name))));
    return FOLDER;
  } catch {
    return undefined;
  }
}

/** Directories with compiled code of the runner. */
export interface CompiledCode {
  /** Returns the directory for a start with this heap, if there is one. */
  directoryFor(heapMegabytes: number): string | undefined;
  close(): Promise<void>;
}

/**
 * Keeps the compiled code of the runner, for each size of the heap that is started repeatedly. A
 * start with it takes half the processor time. Sandboxes may read it and not write it.
 */
export class CodeCaches implements CompiledCode {
  readonly #instanceDirectory: string;
  readonly #runnerDirectory: string;
  readonly #onError: (error: unknown) => void;
  readonly #starts = new Map<number, number>();
  /** Directories that are made, by the size of the heap. */
  readonly #made = new Map<number, string>();
  readonly #failed = new Set<number>();
  readonly #closing = new AbortController();
  #making: Promise<void> | undefined;

  constructor(options: {
    instanceDirectory: string;
    /** Directory with the files of `writeRunner()`. */
    runnerDirectory: string;
    onError: (error: unknown) => void;
  }) {
    this.#instanceDirectory = options.instanceDirectory;
    this.#runnerDirectory = options.runnerDirectory;
    this.#onError = options.onError;
  }

  /** Counts the start, too, and begins to make a directory in time. */
  directoryFor(heapMegabytes: number): string | undefined {
    const made = this.#made.get(heapMegabytes);
    // Cleaners of temporary files may have removed it.
    if (made !== undefined && existsSync(join(made, CODE))) return made;
    this.#made.delete(heapMegabytes);
    const starts = (this.#starts.get(heapMegabytes) ?? 0) + 1;
    const isFull = this.#starts.size >= MOST && !this.#starts.has(heapMegabytes);
    if (isFull || this.#closing.signal.aborted || this.#failed.has(heapMegabytes)) return undefined;
    this.#starts.set(heapMegabytes, starts);
    if (starts > WORTH_IT && this.#making === undefined) {
      this.#making = this.#make(heapMegabytes).finally(() => {
        this.#making = undefined;
      });
    }
    return undefined;
  }

  /** Ends what is being made. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#making;
  }

  async #make(heapMegabytes: number): Promise<void> {
    const directory = join(this.#instanceDirectory, `code-${heapMegabytes}`);
    const { signal } = this.#closing;
    try {
      await makeCodeCache({
        instanceDirectory: this.#instanceDirectory,
        runnerDirectory: this.#runnerDirectory,
        heapMegabytes,
        directory,
        signal,
      });
      this.#made.set(heapMegabytes, directory);
    } catch (error) {
      if (signal.aborted) return;
      // Sandboxes start without it, too.
      this.#failed.add(heapMegabytes);
      this.#onError(error);
    }
  }
}
