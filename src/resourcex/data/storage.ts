import type { FileHandle } from "node:fs/promises";
import { archiveFrom } from "../archive/archive.ts";
import { ARCHIVE_LIMITS } from "../archive/archive-limits.ts";
import { ContentError, RegistryError } from "../base/resourcex-errors.ts";
import { type Named, namedBy } from "./by-name.ts";
import { parseRXL, type RXL } from "./locator.ts";
import { createRXM, type RXM } from "./manifest.ts";
import type { RXR } from "./resource.ts";
import { RootDirectory } from "./root-directory.ts";
import {
  ARCHIVE_FILE,
  answers,
  MANIFEST_FILE,
  type StorableRXL,
  storableOf,
  storageSegments,
} from "./storable.ts";

const MAX_MANIFEST_BYTES = 65_536;

/** Stores a registry's resources. Its locators may become paths. */
export interface ResourceStorage {
  /**
   * Returns a resource, or `undefined` if it does not exist. Reads the archive at its first use.
   */
  get(locator: StorableRXL): Promise<RXR | undefined>;
  /** Stores a copy. Replaces a resource with the same locator. */
  put(resource: RXR): Promise<void>;
  exists(locator: StorableRXL): Promise<boolean>;
  /** Deletes a resource, if it exists. */
  delete(locator: StorableRXL): Promise<void>;
  /** Lists all locators, in any order. */
  list(): AsyncIterable<RXL>;
  /**
   * Lists all types and versions of a locator's name. Without it, the registry looks through
   * `list()`, and finds no newest version of several.
   */
  named?(locator: StorableRXL): Promise<Named[]>;
}

/**
 * Stores resources in a directory, at `{domain}/{path…}/{name}.{type}/{version}/`. A resource
 * exists if both `manifest.json` and `archive.tar.gz` do. Its manifest follows from its locator, so
 * overwriting it changes one whole file. Several processes may share a directory.
 */
export class FileStorage implements ResourceStorage {
  readonly #root: RootDirectory;

  constructor(path: string) {
    this.#root = new RootDirectory(path);
  }

  async get(locator: StorableRXL): Promise<RXR | undefined> {
    const segments = storageSegments(locator);
    const text = await this.#read(segments, MANIFEST_FILE, MAX_MANIFEST_BYTES);
    if (text === undefined || !(await this.#has(segments, ARCHIVE_FILE))) return undefined;
    const manifest = parseManifest(text, locator);
    const archive = archiveFrom(async () => {
      const bytes = await this.#read(segments, ARCHIVE_FILE, ARCHIVE_LIMITS.bytes);
      if (bytes === undefined) throw new RegistryError(`Resource not found: ${locator}`);
      return bytes;
    });
    return { locator: parseRXL(manifest.toLocator()), manifest, archive };
  }

  async put({ manifest, archive }: RXR): Promise<void> {
    const segments = storageSegments(storableOf(manifest));
    const bytes = await archive.buffer();
    if (bytes.length > ARCHIVE_LIMITS.bytes) {
      throw new ContentError(`The archive has more than ${ARCHIVE_LIMITS.bytes} bytes`);
    }
    await this.#root.write(segments, ARCHIVE_FILE, bytes);
    await this.#root.write(segments, MANIFEST_FILE, JSON.stringify(manifest));
  }

  async exists(locator: StorableRXL): Promise<boolean> {
    const segments = storageSegments(locator);
    return (await this.#has(segments, MANIFEST_FILE)) && this.#has(segments, ARCHIVE_FILE);
  }

  delete(locator: StorableRXL): Promise<void> {
    return this.#root.remove(storageSegments(locator), [MANIFEST_FILE, ARCHIVE_FILE]);
  }

  async *list(): AsyncGenerator<RXL> {
    for await (const names of this.#root.directoriesWith([MANIFEST_FILE, ARCHIVE_FILE])) {
      yield parseRXL(`${names.slice(0, -1).join("/")}@${names.at(-1)}`);
    }
  }

  async named({ domain, path, name }: StorableRXL): Promise<Named[]> {
    const above = [domain, ...(path === undefined ? [] : path.split("/"))];
    const named: Named[] = [];
    for (const directory of await this.#root.directories(above)) {
      const isOfName = directory.lastIndexOf(".") === name.length && directory.startsWith(name);
      if (!isOfName) continue;
      for (const version of await this.#root.directories([...above, directory])) {
        const segments = [...above, directory, version];
        const changed = await this.#root.changed(segments, MANIFEST_FILE);
        if (changed === undefined || !(await this.#has(segments, ARCHIVE_FILE))) continue;
        named.push(...namedBy(`${[...above, directory].join("/")}@${version}`, changed));
      }
    }
    return named;
  }

  async #has(segments: readonly string[], file: string): Promise<boolean> {
    const handle = await this.#root.open(segments, file);
    await handle?.close();
    return handle !== undefined;
  }

  async #read(segments: readonly string[], file: string, maxBytes: number) {
    const handle = await this.#root.open(segments, file);
    if (handle === undefined) return undefined;
    try {
      return await readBounded(handle, maxBytes);
    } finally {
      await handle.close();
    }
  }
}

async function readBounded(handle: FileHandle, maxBytes: number): Promise<Buffer> {
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size > maxBytes) {
    throw new RegistryError(`The storage holds a file of more than ${maxBytes} bytes, or none`);
  }
  return handle.readFile();
}

/** Parses a manifest, and checks that it belongs to the locator it is stored under. */
function parseManifest(text: Buffer, asked: StorableRXL): RXM {
  try {
    const manifest = createRXM(JSON.parse(text.toString()));
    const version = asked.version ?? "latest";
    if (answers(asked, storableOf(manifest)) && manifest.version === version) return manifest;
  } catch (error) {
    throw new RegistryError(`The storage holds a broken manifest for ${asked}`, { cause: error });
  }
  throw new RegistryError(`The storage holds another resource's manifest for ${asked}`);
}
