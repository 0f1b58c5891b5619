import { ContentError } from "../base/resourcex-errors.ts";

/** An archive: the content of a resource as tar.gz. */
export interface RXA {
  /** The bytes, a new stream each time it is read. */
  readonly stream: ReadableStream<Uint8Array>;
  /** A copy of the bytes. */
  buffer(): Promise<Buffer>;
  /** The files, the same package each time. Rejects with a `ContentError` for a bad archive. */
  extract(): Promise<RXP>;
}

export interface PathNode {
  readonly name: string;
  readonly type: "file" | "directory";
  /** Of a directory: what is in it, by name. */
  readonly children?: readonly PathNode[];
}

/** The files of an archive, by path. A resource that is one file has it at `content`. */
export interface RXP {
  /** Every file's path, sorted. */
  paths(): string[];
  tree(): PathNode[];
  /** A copy of one file. Rejects with a `ContentError` if it is not there. */
  file(path: string): Promise<Buffer>;
  /** A copy of all of them. */
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

/** Paths come sorted, so that all of one directory are next to each other. */
function enter(nodes: MutableNode[], name: string): MutableNode[] {
  const last = nodes.at(-1);
  if (last?.name === name && last.children !== undefined) return last.children;
  const children: MutableNode[] = [];
  nodes.push({ name, type: "directory", children });
  return children;
}
