import type { Profile } from "../../src/engines/engine.ts";
import { builtinTypes } from "../../src/resourcex/builtin-bundles.ts";
import { ResourceTypeError } from "../../src/resourcex/errors.ts";
import type { Levels } from "../../src/resourcex/levels.ts";
import { EngineRunner } from "../../src/resourcex/runner.ts";
import { FileStorage, type ResourceStorage } from "../../src/resourcex/storage.ts";
import type { BundledType } from "../../src/resourcex/type.ts";
import { TypeTable } from "../../src/resourcex/type-table.ts";
import { TypeStore } from "./type-store.ts";

/** Until a request says whose it is, all of them are of one tenant. */
const TENANT = "default";

const MAX_TYPES = 1_000;

export interface HubOptions {
  /** Directory of resources and types. */
  readonly path: string;
  readonly levels: Levels;
  /** Milliseconds an execution has. */
  readonly timeout: number;
  /** Of the sandboxes. */
  readonly profile: Profile;
}

/**
 * A server's registry: the resources that were published to it, of whatever type, and the types
 * that it runs itself, all of them in containers.
 */
export class Hub {
  readonly storage: ResourceStorage;
  readonly types: TypeTable;
  readonly runner: EngineRunner;
  readonly levels: Levels;
  readonly #uploads: TypeStore;
  readonly #described: BundledType[] = [...builtinTypes];

  private constructor(options: HubOptions, uploads: TypeStore) {
    this.levels = options.levels;
    this.storage = new FileStorage(options.path);
    this.types = new TypeTable(builtinTypes);
    this.#uploads = uploads;
    this.runner = new EngineRunner({ ...options, tenant: TENANT, result: "json" });
  }

  /** Opens it with the types that were uploaded before. Rejects with an Error for a broken one. */
  static async open(options: HubOptions): Promise<Hub> {
    const uploads = new TypeStore(options.path);
    const hub = new Hub(options, uploads);
    for (const type of await uploads.load()) hub.#register(type);
    return hub;
  }

  /** What the types are that run here. */
  get described(): readonly BundledType[] {
    return this.#described;
  }

  /** Has a type run here from now on. Rejects with a `ResourceTypeError` if its name is taken. */
  async addType(type: BundledType): Promise<void> {
    if (this.#described.length >= MAX_TYPES) {
      throw new ResourceTypeError(`There are ${MAX_TYPES} types, and no room for more`);
    }
    this.#register(type);
    await this.#uploads.save(type);
  }

  #register(type: BundledType): void {
    this.types.register(type);
    this.#described.push(type);
  }
}
