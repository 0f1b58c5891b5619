import { LRUCache } from "lru-cache";
import type { BriefCache } from "../../src/base/brief-cache.ts";
import { isTenantKey, type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import type { Functions, FunctionVersion } from "../store/contract/functions.ts";
import { type CachedStore, storeCache } from "../store/contract/store-cache.ts";

/** A version without its files and its lock, as it is called. */
export interface Callable extends Omit<FunctionVersion, "files" | "lock"> {
  /** True if its code was bundled here, and is not the text that was deployed. */
  readonly isBundle: boolean;
}

/** A version as it is listed. */
export type ListedVersion = Omit<Callable, "code" | "isBundle">;

/** Most bytes of cached versions, and the bytes of an entry besides its texts. */
const MAX_BYTES = 67_108_864;
const ENTRY = 1_024;
/** Characters of code from which a version is read again only if there is another one. */
const LARGE = 65_536;

/**
 * Caches versions called of late, and results that there is none. A change by another server counts
 * once its notice is here, and after five seconds while notices may be lost.
 */
export class VersionCache {
  readonly #store: Pick<Functions, "version" | "outline">;
  readonly #versions: BriefCache<Callable | undefined>;
  /** Large versions, read at any time. A version never changes, so only its existence is asked for. */
  readonly #large = new LRUCache<string, Callable>({ maxSize: MAX_BYTES });

  /** Takes the store whose notices tell of changes. Without one, each value holds for five seconds. */
  constructor(store: Pick<Functions, "version" | "outline">, told?: CachedStore) {
    this.#store = store;
    this.#versions = storeCache<Callable | undefined>(told, { maxSize: MAX_BYTES, sizeOf });
    told?.notices.on("function", ({ tenant, name }) => {
      this.#versions.forgetWhere((key) => isOf(key, tenant, name));
    });
  }

  /** Returns a version. Default: the current one. */
  get(tenant: KnownTenant, name: string, version?: number): Promise<Callable | undefined> {
    const key = `${prefixOf(tenant, name)}${version ?? ""}`;
    return this.#versions.get(key, () => this.#read(key, tenant, name, version));
  }

  /**
   * Forgets a function's versions. Called after the store's change, because a read under way may be
   * older.
   */
  forget(tenant: KnownTenant, name: string): void {
    this.#versions.forgetBelow(prefixOf(tenant, name));
  }

  async #read(
    key: string,
    { id }: KnownTenant,
    name: string,
    version?: number,
  ): Promise<Callable | undefined> {
    const known = this.#large.get(key);
    if (known !== undefined) {
      const outline = await this.#store.outline(id, name, version);
      // A function that was deleted and deployed again has the same numbers.
      const isSame = outline?.createdAt.getTime() === known.createdAt.getTime();
      if (isSame && outline?.version === known.version) return known;
      this.#large.delete(key);
    }
    const found = callable(await this.#store.version(id, name, version));
    if (found !== undefined && found.code.length >= LARGE) {
      this.#large.set(key, found, { size: sizeOf(found) });
    }
    return found;
  }
}

/** Estimates a version's bytes at two per character, which texts beyond Latin-1 take. */
function sizeOf(version?: Callable): number {
  if (version === undefined) return ENTRY;
  return ENTRY + 2 * (version.code.length + JSON.stringify(version.request).length);
}

/** Tests whether a key is of a function of any tenant with that id, earlier ones included. */
function isOf(key: string, tenant: string, name: string): boolean {
  const [owner = "", own] = key.split("/");
  return own === name && isTenantKey(owner, tenant);
}

/** Makes the keys' prefix. None of its parts can contain a slash. */
function prefixOf(tenant: KnownTenant, name: string): string {
  return `${tenantKey(tenant)}/${name}/`;
}

function callable(found: FunctionVersion | undefined): Callable | undefined {
  if (found === undefined) return undefined;
  const { files, lock: _lock, ...rest } = found;
  return { ...rest, isBundle: files[found.main] !== found.code };
}
