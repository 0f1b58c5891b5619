/** Files of packages in memory, for the resolver. It runs in a confined process. */
import { posix } from "node:path";
import type { FileSystem } from "enhanced-resolve";

/** Characters of a path. A longer one cannot be found. */
const MAX_PATH = 1_024;

type Manifest = Readonly<Record<string, unknown>>;

/** Package that a file belongs to. */
export interface PackageOfFile {
  /** Directory of its package.json, such as `/node_modules/zod`. */
  readonly directory: string;
  readonly manifest: Manifest;
}

/** Files by absolute paths such as `/node_modules/zod/index.js`. */
export class PackageTree {
  readonly #files = new Map<string, Uint8Array>();
  readonly #directories = new Set<string>(["/"]);
  readonly #manifests = new Map<string, Manifest | undefined>();
  readonly #packages = new Map<string, PackageOfFile | undefined>();
  #byRoot: Map<string, string[]> | undefined;

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    for (const [relative, bytes] of files) {
      if (relative.length > MAX_PATH) continue;
      const path = posix.join("/", relative);
      this.#files.set(path, bytes);
      let directory = posix.dirname(path);
      while (!this.#directories.has(directory)) {
        this.#directories.add(directory);
        directory = posix.dirname(directory);
      }
    }
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  hasDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  bytes(path: string): Uint8Array {
    const bytes = this.#files.get(path);
    if (bytes === undefined) throw notFound(path);
    return bytes;
  }

  /** Lists the files of a package by its directory, without those of packages below it. */
  filesOf(root: string): readonly string[] {
    this.#byRoot ??= grouped(this.#files.keys());
    return this.#byRoot.get(root) ?? [];
  }

  /** Finds the package of a file: the nearest directory above it that has a package.json. */
  packageOf(path: string): PackageOfFile | undefined {
    const directory = posix.dirname(path);
    if (this.#packages.has(directory)) return this.#packages.get(directory);
    const manifest = this.#manifest(posix.join(directory, "package.json"));
    const isTop = directory === "/" || posix.basename(directory) === "node_modules";
    const above = isTop ? undefined : this.packageOf(directory);
    const found = manifest === undefined ? above : { directory, manifest };
    this.#packages.set(directory, found);
    return found;
  }

  /** Methods that the resolver calls. It reads synchronously, and so never by callbacks. */
  get fileSystem(): FileSystem {
    const stat = (path: string): object => {
      const isFile = this.#files.has(path);
      if (!isFile && !this.#directories.has(path)) throw notFound(path);
      return { isFile: () => isFile, isDirectory: () => !isFile };
    };
    const unused = (): never => {
      throw new Error("The resolver reads synchronously");
    };
    return {
      statSync: stat,
      lstatSync: stat,
      readFileSync: (path: string) => Buffer.from(this.bytes(path)),
      readJsonSync: (path: string) => {
        const manifest = this.#manifest(path);
        if (manifest === undefined) throw notFound(path);
        return manifest;
      },
      readlinkSync: unused,
      readdirSync: unused,
      stat: unused,
      readFile: unused,
      readlink: unused,
      readdir: unused,
    } as unknown as FileSystem;
  }

  /** Reads a package.json. One that is none is empty. */
  #manifest(path: string): Manifest | undefined {
    if (this.#manifests.has(path)) return this.#manifests.get(path);
    const bytes = this.#files.get(path);
    const manifest = bytes && manifestOf(new TextDecoder().decode(bytes));
    this.#manifests.set(path, manifest);
    return manifest;
  }
}

function grouped(paths: Iterable<string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const root = packageRoot(path);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [path]);
    else group.push(path);
  }
  return groups;
}

/** Directory of the package that a file belongs to: `/node_modules/a` or `/node_modules/@a/b/node_modules/c`. */
export function packageRoot(path: string): string {
  const at = path.lastIndexOf("node_modules/") + "node_modules/".length;
  const parts = path.slice(at).split("/");
  return path.slice(0, at) + posix.join(...parts.slice(0, parts[0]?.startsWith("@") ? 2 : 1));
}

function manifestOf(text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Manifest) : {};
  } catch {
    return {};
  }
}

function notFound(path: string): Error {
  return Object.assign(new Error(`There is no ${path}`), { code: "ENOENT" });
}
