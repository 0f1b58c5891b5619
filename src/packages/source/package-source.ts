import { randomUUID } from "node:crypto";
import pLimit from "p-limit";
import { HostBusy, messageOf } from "../../base/errors.ts";
import { PerTenantQueue } from "../../base/per-tenant-queue.ts";
import type { OperatorRules } from "../../destinations/admit.ts";
import { withDeadline } from "../builder/deadline.ts";
import { DiskCache } from "../cache/disk-cache.ts";
import { memoryCache } from "../cache/memory-cache.ts";
import { DiskPrebundleCache } from "../cache/prebundles.ts";
import { PACKAGE_LIMITS, type PackageLimits } from "../limits.ts";
import { assertLockAllowed, minimumAge } from "../policy.ts";
import { registryAddress } from "../registry/address.ts";
import type { RegistrySet } from "../registry/registries.ts";
import { resolvePackages } from "../resolver/resolve.ts";
import type {
  Advisory,
  Lock,
  LockedPackage,
  PackageOptions,
  PackageRequest,
  PackageSource,
  ResolveOptions,
} from "../types.ts";
import { makeArchive } from "../unpacker/archive.ts";
import { findAdvisories } from "../unpacker/find-advisories.ts";
import { checkRequest } from "./check-request.ts";
import { lockHash } from "./lock.ts";
import { SharedWork } from "./shared-work.ts";

export interface PackageSourceOptions {
  /** URL of the npm registry. */
  readonly registry: string;
  /** URL of JSR's npm registry. Default: none. */
  readonly jsr?: string | undefined;
  /** Bearer token for `registry`. Only its requests have it. */
  readonly token?: string | undefined;
  /** Directory for archives and bundles, which no other program writes to. */
  readonly directory: string;
  /** Bytes of all of them. Default 1 GiB. */
  readonly cacheBytes?: number | undefined;
  /** Rules for addresses that are dialled. The registries themselves may have private ones. */
  readonly operatorRules: OperatorRules;
  /** Receives our own failures: a cache that cannot be read or written. */
  readonly log?: ((message: string) => void) | undefined;
  readonly limits?: Partial<PackageLimits> | undefined;
}

const CACHE_BYTES = 1_073_741_824;
/** Milliseconds for which the versions that a request has led to are the answer to its like. */
const RESOLVED_FOR = 600_000;
/** Bytes of all these answers, and of what advisories tell. */
const RESOLVED_BYTES = 33_554_432;
const RESOLVED = { bytes: RESOLVED_BYTES, ttl: RESOLVED_FOR };
/** Form of archives. A new one makes all of them again. */
const ARCHIVE_FORM = 1;
/** Characters that a header may have. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * Creates the source of packages of one registry.
 *
 * @throws {Error} If an option is invalid.
 */
export function createPackageSource(
  options: PackageSourceOptions,
): PackageSource & { close(): Promise<void> } {
  return new RegistrySource(options);
}

class RegistrySource implements PackageSource {
  readonly #registries: RegistrySet;
  readonly #limits: PackageLimits;
  readonly #cache: DiskCache;
  readonly prebundles: DiskPrebundleCache;
  readonly #log: (message: string) => void;
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #queue: PerTenantQueue;
  readonly #resolved = memoryCache<readonly LockedPackage[]>(RESOLVED);
  readonly #known = memoryCache<readonly Advisory[]>(RESOLVED);
  readonly #resolving = new Making<readonly LockedPackage[]>();
  readonly #archiving = new Making<Uint8Array>();
  readonly #advising = new Making<readonly Advisory[] | undefined>();

  constructor(options: PackageSourceOptions) {
    const { registry, jsr, token, directory, operatorRules } = options;
    if (token !== undefined && !TOKEN.test(token)) {
      throw new Error("The token of the registry of packages has characters that no header has");
    }
    this.#limits = { ...PACKAGE_LIMITS, ...options.limits };
    const limits = this.#limits;
    this.#registries = {
      npm: { ...registryAddress(registry, operatorRules), token, limits },
      ...(jsr !== undefined && { jsr: { ...registryAddress(jsr, operatorRules), limits } }),
    };
    this.#cache = new DiskCache(directory, options.cacheBytes ?? CACHE_BYTES);
    this.#log = options.log ?? (() => {});
    this.prebundles = new DiskPrebundleCache(this.#cache, (what, error) =>
      this.#failed(what, error),
    );
    this.#limit = pLimit(limits.atOnce);
    this.#queue = new PerTenantQueue(limits.waiting);
  }

  async resolve(request: PackageRequest, options: ResolveOptions): Promise<Lock> {
    checkRequest(request, this.#limits);
    const { dependencies, overrides } = request;
    const age = minimumAge(options.policies);
    const key = JSON.stringify([sorted(dependencies), sorted(overrides ?? {}), age]);
    // Work that has begun may have had its answers before what is new was there.
    const shared = options.anew ? `${key} ${randomUUID()}` : key;
    const packages =
      this.#resolved.get(shared) ??
      (await this.#build(this.#resolving, shared, options, async (until) => {
        const known = this.#resolved.get(shared);
        if (known !== undefined) return known;
        const parts = this.#parts(options.owner, until);
        const found = await resolvePackages({ ...parts, request, minimumAge: age });
        this.#resolved.set(key, found);
        return found;
      }));
    assertLockAllowed({ packages }, options.policies);
    return { dependencies, overrides, hash: lockHash(packages), packages };
  }

  async archive(lock: Lock, options: PackageOptions): Promise<Uint8Array> {
    assertLockAllowed(lock, options.policies);
    // Made of the packages here, so that no lock passes for another one.
    const key = `${lockHash(lock.packages)}-${ARCHIVE_FORM}`;
    const found = await this.#cached(key);
    if (found !== undefined) return found;
    return this.#build(this.#archiving, key, options, async (until) => {
      const known = await this.#cached(key);
      if (known !== undefined) return known;
      const made = await makeArchive({ ...this.#parts(options.owner, until), lock });
      await this.#cache.put(key, made).catch((error: unknown) => this.#failed("written", error));
      return made;
    });
  }

  async advisories(lock: Lock, options: PackageOptions): Promise<readonly Advisory[] | undefined> {
    const key = lockHash(lock.packages);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    return this.#build(this.#advising, key, options, async (until) => {
      const found = await findAdvisories({ ...this.#parts(options.owner, until), lock });
      if (found !== undefined) this.#known.set(key, found);
      return found;
    });
  }

  /** Ends all work. */
  async close(): Promise<void> {
    for (const making of [this.#resolving, this.#archiving, this.#advising]) making.stop();
    await this.prebundles.close();
  }

  async #cached(key: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#cache.get(key);
    } catch (error) {
      this.#failed("read", error);
      return undefined;
    }
  }

  #failed(what: string, error: unknown): void {
    this.#log(`The cache of packages cannot be ${what}: ${messageOf(error)}`);
  }

  /**
   * Runs one build when it is its owner's turn, and one of the places is free. An owner has one build at a time, so
   * that it never takes all places. Builds that run are shared by all owners. Turns are not: an owner with a long
   * queue would hold up whoever wants the same.
   */
  async #build<T>(
    { turns, running }: Making<T>,
    key: string,
    { owner, signal }: PackageOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeout, waiting } = this.#limits;
    return turns.run(JSON.stringify([owner, key]), signal, async (left) => {
      if (this.#limit.pendingCount >= waiting) {
        throw new HostBusy("Too many requests for packages wait");
      }
      return this.#queue.take(owner, () =>
        this.#limit(() =>
          running.run(key, left, (gone) => withDeadline({ signal: gone, timeout }, work)),
        ),
      );
    });
  }

  #parts(owner: string, signal: AbortSignal) {
    return { registries: this.#registries, limits: this.#limits, owner, signal };
  }
}

/** Builds of one kind: the turns of each owner, and those that run. */
class Making<T> {
  readonly turns = new SharedWork<T>();
  readonly running = new SharedWork<T>();

  stop(): void {
    this.turns.stop();
    this.running.stop();
  }
}

/** Sorts members by name, because their order means nothing. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
