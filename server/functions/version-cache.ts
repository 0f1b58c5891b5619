import { BriefCache } from "../../src/base/brief-cache.ts";
import { type KnownTenant, tenantKey } from "../../src/request/tenant.ts";
import type { Functions, FunctionVersion } from "../store/contract/functions.ts";

/** A version without its files, as it is called. */
export type Callable = Omit<FunctionVersion, "files">;

/** Most bytes of cached versions, and the bytes of an entry besides its texts. */
const MAX_BYTES = 67_108_864;
const ENTRY = 1_024;

/** Caches versions called within the last seconds, and results that there is none. */
export class VersionCache {
  readonly #read: Functions["version"];
  readonly #versions = new BriefCache<Callable | undefined>({ maxSize: MAX_BYTES, sizeOf });

  constructor(read: Functions["version"]) {
    this.#read = read;
  }

  /** Returns a version. Default: the current one. */
  get(tenant: KnownTenant, name: string, version?: number): Promise<Callable | undefined> {
    const read = async () => callable(await this.#read(tenant.id, name, version));
    return this.#versions.get(`${prefixOf(tenant, name)}${version ?? ""}`, read);
  }

  /**
   * Forgets a function's versions. Called after the store's change, because a read under way may be
   * older.
   */
  forget(tenant: KnownTenant, name: string): void {
    this.#versions.forgetBelow(prefixOf(tenant, name));
  }
}

/** Estimates a version's bytes at two per character, which texts beyond Latin-1 take. */
function sizeOf(version?: Callable): number {
  if (version === undefined) return ENTRY;
  return ENTRY + 2 * (version.code.length + JSON.stringify(version.request).length);
}

/** Makes the keys' prefix. None of its parts can contain a slash. */
function prefixOf(tenant: KnownTenant, name: string): string {
  return `${tenantKey(tenant)}/${name}/`;
}

function callable(found: FunctionVersion | undefined): Callable | undefined {
  if (found === undefined) return undefined;
  const { files: _files, ...rest } = found;
  return rest;
}
