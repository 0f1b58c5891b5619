import { createHash } from "node:crypto";
import { messageOf } from "../../base/errors.ts";
import { RegistryError } from "../base/resourcex-errors.ts";
import { hasNameOf, type Named, namedBy } from "./by-name.ts";
import { parseRXL, type RXL } from "./locator.ts";
import { RootDirectory } from "./root-directory.ts";
import { type StorableRXL, storageSegments } from "./storable.ts";

/** Directory of the links. It conflicts with no domain, because none begins with a dot. */
const DIRECTORY = [".links"];

interface Link {
  readonly locator: string;
  readonly folder: string;
}

/**
 * Stores the locators that stand for a folder in its present state. Each is a file besides the
 * storage's resources. So the storage needs no links of the file system.
 */
export class Links {
  readonly #root: RootDirectory;

  constructor(path: string) {
    this.#root = new RootDirectory(path);
  }

  /** Links a locator to a folder, given as an absolute path. */
  async set(locator: StorableRXL, folder: string): Promise<void> {
    const link: Link = { locator: String(locator), folder };
    await this.#root.write(DIRECTORY, fileOf(locator), JSON.stringify(link));
  }

  async get(locator: StorableRXL): Promise<string | undefined> {
    return (await this.#read(fileOf(locator)))?.folder;
  }

  async delete(locator: StorableRXL): Promise<void> {
    await this.#root.remove(DIRECTORY, [fileOf(locator)]);
  }

  async *list(): AsyncGenerator<RXL> {
    for (const file of await this.#root.files(DIRECTORY)) {
      const link = await this.#read(file);
      if (link !== undefined) yield parseRXL(link.locator);
    }
  }

  /** Lists the links of all types and versions of a locator's name. */
  async named(locator: StorableRXL): Promise<Named[]> {
    const named: Named[] = [];
    for (const file of await this.#root.files(DIRECTORY)) {
      const link = await this.#read(file);
      const changed = await this.#root.changed(DIRECTORY, file);
      if (link !== undefined && changed !== undefined)
        named.push(...namedBy(link.locator, changed));
    }
    return named.filter((one) => hasNameOf(locator, one.locator));
  }

  async #read(file: string): Promise<Link | undefined> {
    const handle = await this.#root.open(DIRECTORY, file);
    if (handle === undefined) return undefined;
    try {
      const { locator, folder } = JSON.parse(await handle.readFile("utf8"));
      return { locator: String(locator), folder: String(folder) };
    } catch (error) {
      throw new RegistryError(`Broken link ${file}: ${messageOf(error)}`);
    } finally {
      await handle.close();
    }
  }
}

function fileOf(locator: StorableRXL): string {
  return `${createHash("sha256").update(storageSegments(locator).join("/")).digest("hex")}.json`;
}
