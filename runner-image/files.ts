/**
 * Files of one execution in the sandbox's own directory: those it is given, and those it leaves. Only
 * the first process uses this module.
 */
import {
  type ArtifactClaim,
  FILE_LIMITS,
  IN_DIRECTORY,
  isFilePath,
  type JobFiles,
  type Omission,
  OUT_DIRECTORY,
  type WantedArtifacts,
} from "../src/protocol/exchanged-files.ts";
import { matchesGlob } from "../src/protocol/file-glob.ts";

const READ_ONLY = 0o444;
const BLOCK = 512;
const REPLACEMENT = "\ufffd";

/** Writes the given files, and makes the directory for artifacts. Throws if anything is there already. */
export function placeFiles({ given, wanted }: JobFiles): void {
  if (given.length > 0) Deno.mkdirSync(IN_DIRECTORY);
  for (const { path, bytes } of given) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    Deno.mkdirSync(`${IN_DIRECTORY}/${folder}`, { recursive: true });
    const file = `${IN_DIRECTORY}/${path}`;
    Deno.writeFileSync(file, bytes, { createNew: true, mode: READ_ONLY });
  }
  if (wanted !== undefined) Deno.mkdirSync(OUT_DIRECTORY);
}

/** The part of `node:fs` used here. It opens files without waiting, which `Deno.open` does not. */
interface NodeFiles {
  readonly constants: { readonly O_RDONLY: number; readonly O_NONBLOCK: number };
  openSync(path: string, flags: number): number;
  closeSync(descriptor: number): void;
  fstatSync(descriptor: number): FileFacts;
  lstatSync(path: string): FileFacts;
  readSync(
    descriptor: number,
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
}

interface FileFacts {
  readonly dev: number;
  readonly ino: number;
  readonly nlink: number;
  readonly size: number;
  readonly blocks: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Name without a literal type, because the types of Node are not those of the sandbox. */
const NODE_FILES: string = "node:fs";

/** Receives each artifact, and each file that was left out. */
export type OnArtifact = (claim: ArtifactClaim, bytes?: Uint8Array) => void;

/**
 * Takes the files that match. A path may lead elsewhere by the time it is opened, so the descriptor counts. It has
 * to be a file of the directory's own file system, under one name, without holes. Never rejects.
 */
export async function takeArtifacts(
  wanted: WantedArtifacts,
  onArtifact: OnArtifact,
  root: string = OUT_DIRECTORY,
): Promise<void> {
  try {
    const files = (await import(NODE_FILES)) as NodeFiles;
    new Search(files, wanted, onArtifact, root).run();
  } catch {
    onArtifact({ more: 0, unsearched: true });
  }
}

class Search {
  readonly #files: NodeFiles;
  readonly #wanted: WantedArtifacts;
  readonly #onArtifact: OnArtifact;
  readonly #root: string;
  readonly #device: number;
  readonly #end = performance.now() + FILE_LIMITS.milliseconds;
  #entriesLeft: number = FILE_LIMITS.entries;
  #taken = 0;
  #bytes = 0;
  #named = 0;
  #more = 0;

  constructor(files: NodeFiles, wanted: WantedArtifacts, onArtifact: OnArtifact, root: string) {
    this.#files = files;
    this.#wanted = wanted;
    this.#onArtifact = onArtifact;
    this.#root = root;
    // The directory around it is nothing that code can replace.
    this.#device = files.lstatSync(root.slice(0, root.lastIndexOf("/"))).dev;
  }

  run(): void {
    const whole = this.#walk();
    if (this.#more > 0 || !whole) this.#onArtifact({ more: this.#more, unsearched: !whole });
  }

  /** Returns false if it has not seen all entries. */
  #walk(): boolean {
    const folders = [""];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const entries = this.#entriesOf(folder);
      if (entries === undefined) return false;
      for (const name of entries) {
        const path = `${folder}${name}`;
        const facts = this.#factsOf(path);
        if (facts === undefined) continue;
        if (!isFilePath(path) || name.includes(REPLACEMENT)) this.#more += 1;
        else if (facts.isDirectory()) folders.push(`${path}/`);
        else if (this.#wanted.globs.some((glob) => matchesGlob(path, glob)))
          this.#take(path, facts);
        if (performance.now() > this.#end) return false;
      }
    }
    return true;
  }

  /** Lists a folder in the order of its names; `undefined` if there are too many. */
  #entriesOf(folder: string): string[] | undefined {
    const names: string[] = [];
    try {
      const directory = `${this.#root}/${folder}`;
      // A link that has taken its place leads to where nothing is listed.
      if (!this.#isOwnFolder(directory)) return names;
      for (const { name } of Deno.readDirSync(directory)) {
        this.#entriesLeft -= 1;
        if (this.#entriesLeft < 0) return undefined;
        names.push(name);
      }
    } catch {
      // Code has removed it.
    }
    return names.sort();
  }

  #isOwnFolder(directory: string): boolean {
    const facts = this.#files.lstatSync(directory.replace(/\/$/, ""));
    return facts.isDirectory() && facts.dev === this.#device;
  }

  #factsOf(path: string): FileFacts | undefined {
    try {
      return this.#files.lstatSync(`${this.#root}/${path}`);
    } catch {
      return undefined;
    }
  }

  #take(path: string, facts: FileFacts): void {
    const isRoom = this.#taken < this.#wanted.most;
    const found = !facts.isFile() ? "kind" : isRoom ? this.#read(path, facts) : "count";
    if (typeof found === "string") {
      this.#omit(path, found);
      return;
    }
    this.#taken += 1;
    this.#bytes += found.length;
    this.#onArtifact({ path }, found);
  }

  #read(path: string, seen: FileFacts): Uint8Array | Omission {
    const { O_RDONLY, O_NONBLOCK } = this.#files.constants;
    let descriptor: number;
    try {
      descriptor = this.#files.openSync(`${this.#root}/${path}`, O_RDONLY | O_NONBLOCK);
    } catch {
      return "unreadable";
    }
    try {
      const facts = this.#files.fstatSync(descriptor);
      const { dev, ino, nlink, size, blocks } = facts;
      if (!facts.isFile() || dev !== this.#device || ino !== seen.ino) return "kind";
      if (nlink !== 1) return "linked";
      if (size > this.#wanted.bytes - this.#bytes) return "bytes";
      if (blocks * BLOCK < size) return "sparse";
      return this.#bytesOf(descriptor, size);
    } catch {
      return "unreadable";
    } finally {
      this.#files.closeSync(descriptor);
    }
  }

  /** Reads as much as the file had when it was looked at. */
  #bytesOf(descriptor: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const count = this.#files.readSync(descriptor, bytes, filled, size - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  #omit(path: string, omitted: Omission): void {
    if (this.#named >= FILE_LIMITS.omitted) {
      this.#more += 1;
      return;
    }
    this.#named += 1;
    this.#onArtifact({ path, omitted });
  }
}
