import { ContentError } from "../base/resourcex-errors.ts";

/** An archive: the content of a resource as tar.gz. */
export interface RXA {
  /** The bytes. Each read of the property makes a new stream. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Returns a copy of the bytes. */
  buffer(): Promise<Buffer>;
  /**
   * Returns the files, as the same package each time. Rejects with a `ContentError` for a bad
   * archive.
   */
  extract(): Promise<RXP>;
}

export interface PathNode {
  readonly name: string;
  readonly type: "file" | "directory";
  /** Entries of a directory, by name. Absent for a file. */
  readonly children?: readonly PathNode[];
}

/** The files of an archive, by path. The path of a resource with one file is `content`. */
export interface RXP {
  /** Returns the paths of all files, sorted. */
  paths(): string[];
  tree(): PathNode[];
  /** Returns a copy of one file. Rejects with a `ContentError` if it does not exist. */
  file(path: string): Promise<Buffer>;
  /** Returns a copy of all files, by path. */
  files(): Promise<Map<string, Buffer>>;
  pack(): Promise<RXA>;
}

export class Package implements RXP {
  readonly #files: ReadonlyMap<string, Buffer>;
  readonly #pack: (files: ReadonlyMap<string, Buffer>) => Promise<RXA>;

  constructor(
    files: ReadonlyMap<string, Buffer>,
    pack: (files: ReadonlyMap<string, Buffer>) => Promise<RXA>,
  ) {
    this.#files = files;
    this.#pack = pack;
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  tree(): PathNode[] {
    const root: MutableNode[] = [];
    for (const path of this.paths()) {
      const names = path.split("/");
      const file = names.pop() ?? "";
      names.reduce(enter, root).push({ name: file, type: "file" });
    }
    return root;
  }

  async file(path: string): Promise<Buffer> {
    const content = this.#files.get(path);
    if (content === undefined) throw new ContentError(`file not found: ${path}`);
    return Buffer.from(content);
  }

  async files(): Promise<Map<string, Buffer>> {
    return new Map([...this.#files].map(([path, content]) => [path, Buffer.from(content)]));
  }

  pack(): Promise<RXA> {
    return this.#pack(this.#files);
  }
}

interface MutableNode {
  name: string;
  type: "file" | "directory";
  children?: MutableNode[];
}

/**
 * Returns the children of a directory, and adds it if it is new. Paths are sorted, so only the last
 * node can be it.
 */
function enter(nodes: MutableNode[], name: string): MutableNode[] {
  const last = nodes.at(-1);
  if (last?.name === name && last.children !== undefined) return last.children;
  const children: MutableNode[] = [];
  nodes.push({ name, type: "directory", children });
  return children;
}
