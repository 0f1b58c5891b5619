import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type TarEntry, tarball } from "./tarball.ts";

/** A version of a package, as a test publishes it. */
export interface PublishedPackage {
  readonly name: string;
  /** Default: 1.0.0. */
  readonly version?: string;
  /** Files by path. `package.json` is made of `manifest`, if it is not among them. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Further fields of its package.json: `dependencies`, `exports`, `type`, `license`, … */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Time of its publication. Default: 2024-01-01. */
  readonly published?: string;
  /** Further entries of the tarball, hostile ones above all. */
  readonly entries?: readonly TarEntry[];
  /** Fields of the packument that differ from those of package.json, such as `deprecated`. */
  readonly packument?: Readonly<Record<string, unknown>>;
}

/** A version that the registry serves. */
export interface ServedVersion {
  readonly name: string;
  readonly version: string;
  readonly published: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Path of the tarball. */
  readonly path: string;
  /** Returns the tarball, which is made at its first use. */
  readonly bytes: () => Promise<Buffer>;
  readonly dist: () => Promise<Readonly<Record<string, unknown>>>;
}

export function served({
  name,
  version = "1.0.0",
  files = {},
  manifest = {},
  published = "2024-01-01T00:00:00.000Z",
  entries = [],
  packument = {},
}: PublishedPackage): ServedVersion {
  const own = { name, version, ...manifest };
  const all = { "package.json": JSON.stringify(own), ...files };
  const packed = Object.entries(all).map(([path, content]) => ({
    name: `package/${path}`,
    content,
  }));
  let made: Promise<Buffer> | undefined;
  const bytes = (): Promise<Buffer> => {
    made ??= tarball([...packed, ...entries]);
    return made;
  };
  const sizes = packed.map(({ content }) => Buffer.byteLength(content));
  return {
    name,
    version,
    published,
    manifest: { ...own, ...packument },
    path: `/${name}/-/${name.split("/").at(-1)}-${version}.tgz`,
    bytes,
    dist: async () => ({
      integrity: `sha512-${createHash("sha512")
        .update(await bytes())
        .digest("base64")}`,
      fileCount: packed.length,
      unpackedSize: sizes.reduce((sum, size) => sum + size, 0),
    }),
  };
}

/** Reads an installed package, without those below it. Asynchronous reads would take three times as long. */
export function installedPackage(directory: string): PublishedPackage {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split("/").includes("node_modules"));
  const files = paths.map((path) => [path, readFileSync(join(directory, path))] as const);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  return {
    name: manifest.name,
    version: manifest.version,
    files: Object.fromEntries(files),
    manifest,
  };
}

/** Finds the directories of installed packages and of all that they depend on, as Node resolves them. */
export function installedWithDependencies(root: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const directory = installedAt(from, root, name);
    if (directory === undefined || found.has(directory)) return;
    found.add(directory);
    const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    const all = { ...dependencies, ...optionalDependencies, ...peerDependencies };
    for (const needed of Object.keys(all)) visit(directory, needed);
  };
  for (const name of names) visit(root, name);
  return [...found];
}

function installedAt(from: string, root: string, name: string): string | undefined {
  const directory = join(from, "node_modules", name);
  if (existsSync(join(directory, "package.json"))) return directory;
  return from === root || from === "/" ? undefined : installedAt(dirname(from), root, name);
}
