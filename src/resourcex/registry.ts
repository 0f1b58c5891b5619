import { homedir } from "node:os";
import { resolve as absolute, join } from "node:path";
import { createRXA } from "./archive/archive.ts";
import { LocatorError, RegistryError } from "./base/resourcex-errors.ts";
import { FolderLoader } from "./data/folder-loader.ts";
import { Links } from "./data/links.ts";
import type { RXL } from "./data/locator.ts";
import { createRXM } from "./data/manifest.ts";
import { Remote, type RemoteOptions } from "./data/remote.ts";
import type { RXR } from "./data/resource.ts";
import { type SearchQuery, search } from "./data/search.ts";
import { answers, type StorableRXL, storableOf, toStorable } from "./data/storable.ts";
import { FileStorage, type ResourceStorage } from "./data/storage.ts";
import { type Isolator, levelFor } from "./types/isolator.ts";
import type { BundledType, TypeRunner } from "./types/type.ts";
import { TypeTable } from "./types/type-table.ts";

export interface RegistryOptions {
  /** Directory of the storage and of the links. Default `~/.resourcex`. */
  readonly path?: string;
  /** Types beside the built-in ones. */
  readonly types?: readonly BundledType[];
  /** Where resources are kept instead of in `path`. */
  readonly storage?: ResourceStorage;
  /** URL of the registry that is asked before a domain's own. */
  readonly mirror?: string;
  /** The least that every type's code is kept from the host, whatever the type says. */
  readonly isolator?: Isolator;
}

/** A resource at hand, and what its type does with it. */
export interface ResolvedResource<Args = unknown, Result = unknown> {
  readonly resource: RXR;
  /** JSON Schema of the arguments, if its type has one. */
  readonly schema: object | undefined;
  /**
   * Runs the type's code on the resource, anew each time. Rejects with a `ResourceTypeError` for
   * arguments that are not what `schema` says, and with what the run fails with.
   */
  execute(...given: ExecuteArguments<Args>): Promise<Result>;
}

/** What a type takes, which may be left out where it takes nothing or anything. */
export type ExecuteArguments<Args> = undefined extends Args
  ? [args?: Args, options?: { signal?: AbortSignal }]
  : [args: Args, options?: { signal?: AbortSignal }];

/** Resources by their locators. Methods that take one reject with a `LocatorError` for a bad one. */
export interface Registry {
  /** Adds a type, or throws a `ResourceTypeError`. */
  supportType(type: BundledType): void;
  /** Stores a copy of a folder or a resource, in place of what has the same locator. */
  add(source: string | RXR): Promise<void>;
  /** Has a folder's locator stand for the folder as it is at the time. */
  link(folder: string): Promise<void>;
  /** Rejects with a `RegistryError` for what is neither here nor where its domain has it. */
  get(locator: string): Promise<RXR>;
  /**
   * Like `get`; content is read, and code run, by `execute` alone. What that takes and gives is the
   * caller's to say, and the type's schema to check.
   */
  resolve<Args = unknown, Result = unknown>(
    locator: string,
  ): Promise<ResolvedResource<Args, Result>>;
  /** Whether it is here. */
  exists(locator: string): Promise<boolean>;
  /** Does nothing if it is not here. */
  delete(locator: string): Promise<void>;
  /** Of what is here, in the order of the locators. */
  search(query?: SearchQuery): Promise<RXL[]>;
  /** Ends what the types' code runs in. */
  close(): Promise<void>;
}

export interface RegistryParts {
  /** Types that are always there. */
  readonly builtins?: readonly BundledType[];
  readonly remote?: Omit<RemoteOptions, "mirror">;
}

/** Opens a registry whose types' code is run by `runner`, which it closes in the end. */
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
  const types = new TypeTable(builtins);
  const sandboxOf = levelFor(options.isolator);
  for (const type of options.types ?? []) types.register(type);
  let closing: Promise<void> | undefined;

  async function load(source: string | RXR): Promise<RXR & { locator: StorableRXL }> {
    const { locator, manifest, archive } =
      typeof source === "string" ? await folders.load(source) : await copyOf(source);
    types.get(manifest.type);
    const own = storableOf(manifest);
    if (!answers(toStorable(String(locator)), own)) {
      throw new LocatorError(`The locator ${locator} is not that of the manifest, ${own}`);
    }
    await archive.extract();
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

  async function fetched(locator: StorableRXL): Promise<RXR | undefined> {
    const resource = await remote.fetch(locator);
    if (resource !== undefined) await storage.put(resource);
    return resource;
  }

  async function get(text: string): Promise<RXR> {
    const locator = toStorable(text);
    const found =
      (await linked(locator)) ?? (await storage.get(locator)) ?? (await fetched(locator));
    if (found === undefined) throw new RegistryError(`Resource not found: ${text}`);
    return found;
  }

  return {
    supportType: (type) => types.register(type),

    async add(source) {
      const resource = await load(source);
      await storage.put(resource);
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
          const { manifest, archive } = resource;
          const bytes = await archive.buffer();
          const serialized = { manifest: manifest.toJSON(), archive: bytes };
          const sent = { locator: manifest.toLocator(), ...serialized };
          return runner.run(contained, sent, checked, runOptions) as Promise<Result>;
        },
      };
    },

    async exists(text) {
      const locator = toStorable(text);
      return (await links.get(locator)) !== undefined || (await storage.exists(locator));
    },

    async delete(text) {
      const locator = toStorable(text);
      await links.delete(locator);
      await storage.delete(locator);
    },

    search: (query = {}) => search(both(links.list(), storage.list()), query),

    close() {
      closing ??= runner.close();
      return closing;
    },
  };
}

/** Whatever object is given, it is asked once. */
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
