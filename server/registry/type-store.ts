import { messageOf } from "../../src/errors.ts";
import { RootDirectory } from "../../src/resourcex/root-directory.ts";
import type { BundledType } from "../../src/resourcex/type.ts";

/** Beside the resources: no domain begins with a dot. */
const DIRECTORY = [".types"];
const SUFFIX = ".json";

/** Types that were uploaded, a file each. */
export class TypeStore {
  readonly #root: RootDirectory;

  constructor(path: string) {
    this.#root = new RootDirectory(path);
  }

  /** Rejects with an Error that names the file for one that cannot be read. */
  async load(): Promise<BundledType[]> {
    const files = await this.#root.files(DIRECTORY);
    return Promise.all(
      files.filter((name) => name.endsWith(SUFFIX)).map((name) => this.#read(name)),
    );
  }

  /** The name of a type that is registered is a name for a file, too. */
  async save(type: BundledType): Promise<void> {
    await this.#root.write(DIRECTORY, `${type.name}${SUFFIX}`, JSON.stringify(type));
  }

  async #read(file: string): Promise<BundledType> {
    const handle = await this.#root.open(DIRECTORY, file);
    try {
      return JSON.parse((await handle?.readFile("utf8")) ?? "");
    } catch (error) {
      throw new Error(`The registry's type in ${file} cannot be read: ${messageOf(error)}`);
    } finally {
      await handle?.close();
    }
  }
}
