import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { Aborted, BadRequest, HostBusy } from "../../base/errors.ts";
import { PerTenantQueue } from "../../base/per-tenant-queue.ts";
import type { FunctionBundle } from "../../bundler/bundle.ts";
import { bundleFunction } from "../../bundler/function-bundle.ts";
import { importedPackages } from "../../bundler/packaged-function.ts";
import type { Dependencies } from "../../request/package-fields.ts";
import { memoryCache } from "../cache/memory-cache.ts";
import { assertLockAllowed, assertNamesAllowed } from "../policy.ts";
import { SharedWork } from "../source/shared-work.ts";
import type {
  Advisory,
  Lock,
  PackageOptions,
  PackageRequest,
  PackageSource,
  ResolveOptions,
} from "../types.ts";
import { importsPackages, mentionsPackages } from "./specifiers.ts";
import { statedByCode, statedByFiles } from "./stated.ts";

/** Most milliseconds of all the work for one request. Each part has less. */
export const BUILD_MS = 120_000;
/** Most bytes of bundles that are kept, and the bytes of an entry besides its texts. */
const MAX_BYTES = 67_108_864;
const ENTRY = 1_024;
/** Bytes of lists of imported specifiers that are kept. */
const LISTS_BYTES = 8_388_608;
/** Archives in memory at once, and builds of one tenant that may wait. */
const ARCHIVES = 8;
const WAITING = 100;

/** Parts of the work, in their order. */
export type PackageStage = "resolving" | "fetching" | "bundling" | "ready";

export interface BuildOptions extends PackageOptions {
  /** Receives each part as it begins. */
  readonly onStage?: ((stage: PackageStage) => void) | undefined;
}

/** Modules that packages are bundled with. */
export interface Sources {
  readonly files: Readonly<Record<string, string>>;
  readonly main: string;
  /** True: `main` is JavaScript if it parses as such, and TypeScript otherwise. */
  readonly anyLanguage?: boolean | undefined;
  /** Field of the request that has them, for errors. */
  readonly field: "code" | "files";
}

/** Packages as a request states them, before its files and its code are read. */
export interface StatedPackages {
  readonly dependencies?: Dependencies | undefined;
  readonly overrides?: PackageRequest["overrides"];
}

export interface PackageBuildsOptions {
  /** Absent: this host has no registry. */
  readonly source: PackageSource | undefined;
  /** Most bytes of a bundle. Default: the bundler's. */
  readonly maxBundle?: number | undefined;
}

/** Finds, fetches and bundles packages. Each step's result is kept for the next request. */
export class PackageBuilds {
  readonly #options: PackageBuildsOptions;
  readonly #bundles = new LRUCache<string, FunctionBundle>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ code, map = "" }) => ENTRY + 2 * (code.length + map.length),
  });
  readonly #imports = memoryCache<readonly string[]>({ bytes: LISTS_BYTES });
  readonly #shared = new SharedWork<FunctionBundle>();
  readonly #queue = new PerTenantQueue(WAITING);
  readonly #archives = pLimit(ARCHIVES);

  constructor(options: PackageBuildsOptions) {
    this.#options = options;
  }

  /** True if this host has a registry. */
  get isOffered(): boolean {
    return this.#options.source !== undefined;
  }

  /**
   * Returns the packages that a request needs. It states them itself, in a `package.json` or `deno.json`, or by
   * `npm:…` and `jsr:…` in its code. The earlier statement of a name counts.
   * Returns `undefined` if there are none.
   *
   * @throws {BadRequest} For bad files, and for packages on a host without a registry.
   */
  async wanted(
    { dependencies = {}, overrides }: StatedPackages,
    sources: Sources,
    owner: string,
  ): Promise<PackageRequest | undefined> {
    const byFiles = sources.field === "files" ? statedByFiles(sources.files) : { dependencies: {} };
    const known = { ...byFiles.dependencies, ...dependencies };
    const specifiers = await this.#specifiers(sources, owner);
    const all = { ...known, ...statedByCode(specifiers, sources.field, known) };
    if (Object.keys(all).length === 0) {
      if (overrides === undefined) return undefined;
      throw new BadRequest("overrides", "overrides: Only with packages that they are for");
    }
    if (!this.isOffered) throw noRegistry(all);
    const named = overrides ?? byFiles.overrides;
    return named === undefined ? { dependencies: all } : { dependencies: all, overrides: named };
  }

  /** Finds exact versions. Rejects as `PackageSource.resolve()`, and for those that a policy refuses. */
  async lock(request: PackageRequest, options: BuildOptions & ResolveOptions): Promise<Lock> {
    const { source } = this.#options;
    if (source === undefined) throw noRegistry();
    assertNamesAllowed(registryNames(request.dependencies), options.policies);
    options.onStage?.("resolving");
    return bounded(options.signal, (signal) => source.resolve(request, { ...options, signal }));
  }

  /** Fetches the files of a lock, so that later uses find them. Rejects as `PackageSource.archive()`. */
  async fetch(lock: Lock, options: BuildOptions): Promise<void> {
    const { source } = this.#options;
    if (source === undefined) throw noRegistry();
    await bounded(options.signal, (signal) =>
      // Takes a place, because the files of a cached lock come into memory, too.
      this.#inTurn({ ...options, signal }, async () => {
        await source.archive(lock, { ...options, signal });
      }),
    );
  }

  /** Returns known faults of a lock's packages. `undefined` if the registry does not answer for them. */
  async advisories(lock: Lock, options: BuildOptions): Promise<readonly Advisory[] | undefined> {
    const { source } = this.#options;
    if (source === undefined) return undefined;
    return bounded(options.signal, (signal) => {
      return source.advisories(lock, { ...options, signal });
    });
  }

  /**
   * Makes one module of sources and the packages of a lock. The same sources of a tenant are bundled once.
   *
   * @throws {BadRequest} For a lock that a policy refuses, and for sources that cannot be bundled.
   */
  async bundle(sources: Sources, lock: Lock, options: BuildOptions): Promise<FunctionBundle> {
    assertLockAllowed(lock, options.policies);
    const key = keyOf(sources, [options.owner, lock.hash, JSON.stringify(lock.dependencies)]);
    const known = this.#bundles.get(key);
    if (known !== undefined) return known;
    return bounded(options.signal, (signal) =>
      this.#shared.run(key, signal, async (cancelled) => {
        const made = await this.#make(sources, lock, { ...options, signal: cancelled });
        this.#bundles.set(key, made);
        return made;
      }),
    );
  }

  async #make(sources: Sources, lock: Lock, options: BuildOptions): Promise<FunctionBundle> {
    const { source, maxBundle } = this.#options;
    if (source === undefined) throw noRegistry();
    const { owner, onStage } = options;
    // Packages that were bundled before need no files.
    const archive = async (): Promise<Uint8Array> => {
      onStage?.("fetching");
      const files = await source.archive(lock, options);
      onStage?.("bundling");
      return files;
    };
    return this.#inTurn(options, () => {
      const { field, ...input } = sources;
      const { dependencies, hash: lockHash } = lock;
      const packages = { archive, dependencies, lockHash, cache: source.prebundles };
      const request = { ...input, packages, maxBytes: maxBundle };
      return bundleFunction(request, owner).catch((error: unknown) => {
        throw field === "code" ? ofCode(error) : error;
      });
    });
  }

  /** Runs work that has an archive in memory, one of each owner at a time. */
  #inTurn<T>({ owner, signal }: BuildOptions, work: () => Promise<T>): Promise<T> {
    return this.#queue.take(owner, () =>
      this.#archives(async () => {
        if (signal?.aborted) throw new Aborted();
        return work();
      }),
    );
  }

  /**
   * Lists the specifiers that sources import. Most sources are known to have none by their text. Without a registry,
   * imports when the code runs are left to it: it may be prepared for their failure.
   */
  async #specifiers(sources: Sources, owner: string): Promise<readonly string[]> {
    if (!Object.values(sources.files).some(mentionsPackages)) return [];
    const key = keyOf(sources, [owner]);
    const known = this.#imports.get(key);
    if (known !== undefined) return known;
    const found = await this.#imported(sources, owner);
    this.#imports.set(key, found);
    return found;
  }

  async #imported({ field, ...input }: Sources, owner: string): Promise<string[]> {
    const isStatic = !this.isOffered;
    return importedPackages(input, owner, isStatic).catch((error: unknown) => {
      if (field === "files" || !(error instanceof BadRequest)) throw error;
      // Code without packages need not be fit for a bundle. What runs it tells its faults.
      if (importsPackages(input.files[input.main] ?? "")) throw ofCode(error);
      return [];
    });
  }
}

/** Makes a key of the sources and other parts. Length prefixes keep the parts apart. */
function keyOf({ files, main, anyLanguage, field }: Sources, parts: readonly string[]): string {
  const hash = createHash("sha256");
  const entries = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const part of [...parts, field, main, `${anyLanguage}`, ...entries.flat()]) {
    hash.update(`${part.length} `).update(part);
  }
  return hash.digest("hex");
}

/** Returns the names that a request asks npm's registry for, without those that aliases give. */
function registryNames(dependencies: Dependencies): string[] {
  return Object.entries(dependencies).flatMap(([name, range]) => {
    if (range.startsWith("jsr:")) return [];
    return /^npm:((?:@[^/@]+\/)?[^/@]+)/.exec(range)?.[1] ?? name;
  });
}

/** Runs work with a signal that is also aborted after the longest time that it may take. */
async function bounded<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(BUILD_MS);
  try {
    return await work(signal === undefined ? late : AbortSignal.any([signal, late]));
  } catch (error) {
    if (signal?.aborted) throw new Aborted();
    if (!late.aborted) throw error;
    throw new HostBusy(`The packages were not ready within ${BUILD_MS} ms`);
  }
}

/** Names the field `code` in an error of the bundler, which knows files only. */
function ofCode(error: unknown): unknown {
  if (!(error instanceof BadRequest) || error.field !== "files") return error;
  return new BadRequest("code", error.message.replace(/^files:/, "code:"), error.location);
}

function noRegistry(wanted: Dependencies = {}): BadRequest {
  const isJsr = Object.values(wanted).some((range) => range.startsWith("jsr:"));
  const settings = isJsr ? "ISOLATE_NPM_REGISTRY and ISOLATE_JSR_REGISTRY" : "ISOLATE_NPM_REGISTRY";
  const message = `dependencies: This server has no registry: set ${settings}`;
  return new BadRequest("dependencies", message);
}
