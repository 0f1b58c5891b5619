import { homedir } from "node:os";
import { resolve as absolute, join } from "node:path";
import { PerTenantQueue } from "../base/per-tenant-queue.ts";
import { createRXA } from "./archive/archive.ts";
import { LocatorError, RegistryError } from "./base/resourcex-errors.ts";
import { isByName, pick, pickExactly } from "./data/by-name.ts";
import { assertDigest, digestOf, otherDigest } from "./data/digest.ts";
import { FolderLoader } from "./data/folder-loader.ts";
import { Links } from "./data/links.ts";
import type { RXL } from "./data/locator.ts";
import { createRXM } from "./data/manifest.ts";
import { Remote, type RemoteOptions } from "./data/remote.ts";
import type { RXR } from "./data/resource.ts";
import { type SearchQuery, search } from "./data/search.ts";
import { serializeRXR } from "./data/serialized.ts";
import { answers, type StorableRXL, storableOf, toStorable } from "./data/storable.ts";
import { FileStorage, type ResourceStorage } from "./data/storage.ts";
import { storedNames } from "./data/stored-names.ts";
import { type Isolator, levelFor } from "./types/isolator.ts";
import type { BundledType, TypeRunner } from "./types/type.ts";
import { TypeTable } from "./types/type-table.ts";

export interface RegistryOptions {
  /** Directory of the storage and of the links. Default `~/.resourcex`. */
  readonly path?: string;
  /** Types in addition to the built-in ones. */
  readonly types?: readonly BundledType[];
  /** Storage to use instead of `path`. */
  readonly storage?: ResourceStorage;
  /** URL of the registry that is asked before a domain's own. */
  readonly mirror?: string;
  /** Least isolation of every type's code, whatever the type asks for. */
  readonly isolator?: Isolator;
}

/** A resource with the code of its type. */
export interface ResolvedResource<Args = unknown, Result = unknown> {
  readonly resource: RXR;
  /** JSON Schema of the arguments, if the type has one. */
  readonly schema: object | undefined;
  /**
   * Runs the type's code on the resource, anew each time.
   *
   * @throws {ResourceTypeError} For arguments that `schema` refuses.
   * @throws {ExecutionError} If the run ends without a result.
   * @throws {Error} Of the engine, if the run could not begin.
   */
  execute(...given: ExecuteArguments<Args>): Promise<Result>;
}

/** Arguments of a type. They are optional if the type takes nothing or anything. */
export type ExecuteArguments<Args> = undefined extends Args
  ? [args?: Args, options?: { signal?: AbortSignal }]
  : [args: Args, options?: { signal?: AbortSignal }];

/**
 * Registry of resources, by their locators. Methods with a locator reject with a `LocatorError` for
 * a bad one.
 */
export interface Registry {
  /**
   * Adds a type.
   *
   * @throws {ResourceTypeError} For a bad type or a name that is taken.
   */
  supportType(type: BundledType): void;
  /** Stores a copy of a folder or a resource. Replaces one with the same locator. */
  add(source: string | RXR): Promise<void>;
  /** Links the locator of a folder to it: `get()` reads the folder in its present state. */
  link(folder: string): Promise<void>;
  /** Rejects with a `RegistryError` if the resource is neither here nor where its domain has it. */
  get(locator: string): Promise<RXR>;
  /**
   * Finds a resource as `get` does. Only `execute` reads its content and runs code. The caller
   * states the types of arguments and result; the type's schema checks the arguments.
   */
  resolve<Args = unknown, Result = unknown>(
    locator: string,
  ): Promise<ResolvedResource<Args, Result>>;
  /** Tests whether a resource is stored or linked here. */
  exists(locator: string): Promise<boolean>;
  /** Deletes a resource here, if it exists. Without a tag, the one whose tag is `latest`. */
  delete(locator: string): Promise<void>;
  /** Searches the resources here. Sorts the results by locator. */
  search(query?: SearchQuery): Promise<RXL[]>;
  /** Ends the sandboxes of the types. */
  close(): Promise<void>;
}

export interface RegistryParts {
  /** Types that always exist. */
  readonly builtins?: readonly BundledType[];
  readonly remote?: Omit<RemoteOptions, "mirror">;
}

/** Opens a registry. `runner` runs the code of its types and is closed with it. */
export function openRegistry(
  options: RegistryOptions,
  runner: TypeRunner,
  { builtins = [], remote: remoteOptions = {} }: RegistryParts = {},
): Registry {
  const path = absolute(options.path ?? join(homedir(), ".resourcex"));
  const storage = options.storage ?? new FileStorage(path);
  const links = new Links(path);
  const remote = new Remote({ ...remoteOptions, mirror: options.mirror });
  const folders = new FolderLoader();
  // Writes of one locator take turns, so that nothing is stored between a look and a write.
  const writes = new PerTenantQueue(Number.POSITIVE_INFINITY);
  const types = new TypeTable(builtins);
  const sandboxOf = levelFor(options.isolator);
  for (const type of options.types ?? []) types.register(type);
  let closing: Promise<void> | undefined;

  async function load(source: string | RXR): Promise<RXR & { locator: StorableRXL }> {
    const { locator, manifest, archive } =
      typeof source === "string" ? await folders.load(source) : await copyOf(source);
    types.get(manifest.type);
    const own = storableOf(manifest);
    const named = toStorable(String(locator));
    if (!answers(named, own)) {
      throw new LocatorError(`The locator ${locator} is not that of the manifest, ${own}`);
    }
    await archive.extract();
    await assertDigest(named, archive);
    return { locator: own, manifest, archive };
  }

  async function linked(locator: StorableRXL): Promise<RXR | undefined> {
    const folder = await links.get(locator);
    if (folder === undefined) return undefined;
    const resource = await folders.load(folder);
    if (answers(locator, storableOf(resource.manifest))) return resource;
    throw new RegistryError(
      `The folder linked as ${locator} is now ${resource.locator}: ${folder}`,
    );
  }

  /** Fetches and stores a resource. Never replaces one that is here: a version is asked for once. */
  async function fetched(locator: StorableRXL): Promise<RXR | undefined> {
    const resource = await remote.fetch(locator);
    if (resource === undefined) return undefined;
    const own = storableOf(resource.manifest);
    return writes.take(String(own), async () => {
      const mine = await held(own);
      if (mine === undefined) {
        await storage.put(resource);
        return resource;
      }
      const [given, kept] = [await digestOf(resource.archive), await digestOf(mine.archive)];
      if (given === kept) return mine;
      const why = `${own} is here, and another registry has other content for it`;
      throw new RegistryError(`${why}: ${otherDigest(kept, given)}`);
    });
  }

  /** Returns the locator with a type that this one means here, that of a link first. */
  async function meant(locator: StorableRXL, choose = pick): Promise<StorableRXL | undefined> {
    if (!isByName(locator)) return locator;
    const link = choose(locator, await links.named(locator));
    return link ?? choose(locator, await storedNames(storage, locator));
  }

  async function held(own: StorableRXL): Promise<RXR | undefined> {
    return (await linked(own)) ?? storage.get(own);
  }

  async function here(locator: StorableRXL): Promise<RXR | undefined> {
    const own = await meant(locator);
    const found = own && (await held(own));
    if (found !== undefined) await assertDigest(locator, found.archive);
    return found;
  }

  async function get(text: string): Promise<RXR> {
    const locator = toStorable(text);
    const found = (await here(locator)) ?? (await fetched(locator));
    if (found === undefined) throw new RegistryError(`Resource not found: ${text}`);
    return found;
  }

  return {
    supportType: (type) => types.register(type),

    async add(source) {
      const resource = await load(source);
      await writes.take(String(resource.locator), () => storage.put(resource));
      await links.delete(resource.locator);
    },

    async link(folder) {
      const { locator } = await load(folder);
      await links.set(locator, absolute(folder));
    },

    get,

    async resolve<Args, Result>(locator: string): Promise<ResolvedResource<Args, Result>> {
      const resource = await get(locator);
      const { type, checkArguments } = types.get(resource.manifest.type);
      const contained = { ...type, sandbox: sandboxOf(type) };
      return {
        resource,
        schema: type.schema,
        async execute(...[args, runOptions]) {
          if (closing !== undefined) throw new RegistryError("The registry is closed");
          const checked = checkArguments(args);
          const serialized = await serializeRXR(resource);
          const sent = { ...serialized, locator: resource.manifest.toLocator() };
          return runner.run(contained, sent, checked, runOptions) as Promise<Result>;
        },
      };
    },

    async exists(text) {
      const locator = toStorable(text);
      const own = await meant(locator);
      if (own === undefined) return false;
      if (locator.digest === undefined) {
        return (await links.get(own)) !== undefined || (await storage.exists(own));
      }
      const found = await held(own);
      return found !== undefined && (await digestOf(found.archive)) === locator.digest;
    },

    async delete(text) {
      const locator = toStorable(text);
      // A tag that is left out names the version `latest` here, and not the newest one.
      const own = await meant(locator, pickExactly);
      if (own === undefined) return;
      const found = locator.digest === undefined ? undefined : await held(own);
      if (found !== undefined) await assertDigest(locator, found.archive);
      await links.delete(own);
      await storage.delete(own);
    },

    search: (query = {}) => search(both(links.list(), storage.list()), query),

    close() {
      closing ??= runner.close();
      return closing;
    },
  };
}

/** Copies a resource. Reads each property of the given object once. */
async function copyOf({ locator, manifest, archive }: RXR): Promise<RXR> {
  return {
    locator,
    manifest: createRXM(manifest),
    archive: await createRXA({ buffer: await archive.buffer() }),
  };
}

async function* both(first: AsyncIterable<RXL>, second: AsyncIterable<RXL>): AsyncGenerator<RXL> {
  yield* first;
  yield* second;
}
