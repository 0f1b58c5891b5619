import type { BriefCache } from "../../src/base/brief-cache.ts";
import type { Lock, PackageRequest } from "../../src/packages/types.ts";
import type {
  ExaminedLock,
  PackageService,
  PackageSetLookup,
  PreparedSet,
} from "../../src/plugins/package-service.ts";
import { isTenantKey, type KnownTenant, type Tenant, tenantKey } from "../../src/request/tenant.ts";
import { HttpProblem } from "../errors/problem.ts";
import {
  OPERATOR,
  type PackageSetOutline,
  type PackageSetRow,
  type PackageSets,
} from "../store/contract/package-sets.ts";
import type { Page } from "../store/contract/page.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import { type CachedStore, storeCache } from "../store/contract/store-cache.ts";
import { isOneTooMany } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";

/** Most bytes of cached sets, and the bytes of an entry besides its text. */
const MAX_BYTES = 33_554_432;
const ENTRY = 1_024;

/** Owner of sets that all tenants may use. */
const SHARED: Tenant = { id: OPERATOR };

export interface PutSet {
  readonly name: string;
  readonly request: PackageRequest;
  readonly signal?: AbortSignal | undefined;
}

export interface PutResult extends Pick<ExaminedLock, "warnings"> {
  readonly set: PackageSetRow;
  readonly created: boolean;
}

/** A store, of which only a part is used. That part alone may be a proxy, which no promise can have. */
interface HasSets extends CachedStore {
  readonly packageSets: PackageSets;
}

/** Prepared sets of packages. Each tenant finds its own and the operator's. */
export class PreparedSets implements PackageSetLookup {
  readonly #store: Promise<HasSets>;
  readonly #sets: Promise<BriefCache<PackageSetRow | undefined>>;

  /** Takes a store that may be still opening. */
  constructor(store: Promise<HasSets>) {
    this.#store = store;
    this.#sets = store.then((opened) => setsOf(opened));
    // Its failure ends the start of the server.
    this.#sets.catch(() => {});
  }

  async find(tenant: Tenant, name: string): Promise<Lock | undefined> {
    return (await this.#find(tenant, name))?.lock;
  }

  async all(tenant: Tenant): Promise<readonly PreparedSet[]> {
    const { packageSets: store } = await this.#store;
    const page = { limit: MOST_ROWS.packages };
    const lists = await Promise.all([store.list(tenant.id, page), store.list(OPERATOR, page)]);
    return lists.flat().map(({ tenant: owner, name, lock: request }) => ({
      request,
      lock: async () => (await this.#read(owner === OPERATOR ? SHARED : tenant, name))?.lock,
    }));
  }

  /** Returns a tenant's set, or the operator's with that name. */
  async get(tenant: KnownTenant, name: string): Promise<PackageSetRow> {
    return (await this.#find(tenant, name)) ?? noSuchSet(name);
  }

  /** Lists the sets of one owner by name. */
  async list(owner: string, page: Page): Promise<PackageSetOutline[]> {
    return (await this.#store).packageSets.list(owner, page);
  }

  /** Finds and fetches the packages of a set, and keeps their lock. */
  async put(packages: PackageService, asked: PutSet, caller?: Caller): Promise<PutResult> {
    const tenant = caller?.tenant ?? SHARED;
    const { name, request, signal } = asked;
    const { lock, warnings } = await packages.prepare(request, { tenant, signal });
    const put = (await this.#store).packageSets.put(
      { tenant: tenant.id, name, lock },
      caller?.limits.storage,
    );
    const result = await put.catch((error: unknown) => {
      throw isOneTooMany(error, "packages") ? tooMany() : error;
    });
    (await this.#sets).forget(keyOf(tenant, name));
    return { ...result, warnings };
  }

  async delete(tenant: KnownTenant | undefined, name: string): Promise<void> {
    const owner = tenant ?? SHARED;
    const existed = await (await this.#store).packageSets.delete(owner.id, name);
    (await this.#sets).forget(keyOf(owner, name));
    if (!existed) noSuchSet(name);
  }

  async #find(tenant: KnownTenant, name: string): Promise<PackageSetRow | undefined> {
    return (await this.#read(tenant, name)) ?? (await this.#read(SHARED, name));
  }

  async #read(owner: KnownTenant, name: string): Promise<PackageSetRow | undefined> {
    return (await this.#sets).get(keyOf(owner, name), async () =>
      (await this.#store).packageSets.get(owner.id, name),
    );
  }
}

/** Makes the cache of sets, which forgets what other servers have changed. */
function setsOf(store: CachedStore): BriefCache<PackageSetRow | undefined> {
  const sets = storeCache<PackageSetRow | undefined>(store, { maxSize: MAX_BYTES, sizeOf });
  store.notices.on("packages", ({ tenant, name }) => {
    sets.forgetWhere((key) => isOf(key, tenant, name));
  });
  return sets;
}

function sizeOf(set?: PackageSetRow): number {
  return set === undefined ? ENTRY : ENTRY + 2 * JSON.stringify(set.lock).length;
}

/** Tests whether a key is of a set of any owner with that id, earlier ones included. */
function isOf(key: string, tenant: string, name: string): boolean {
  const [owner = "", own] = key.split("/");
  return own === name && isTenantKey(owner, tenant);
}

/** Makes a key. Neither part can contain a slash. */
function keyOf(tenant: KnownTenant, name: string): string {
  return `${tenantKey(tenant)}/${name}`;
}

function tooMany(): HttpProblem {
  const message = `There are ${MOST_ROWS.packages} sets of packages; delete one first`;
  return new HttpProblem(409, "Conflict", "PACKAGES_LIMIT", message);
}

export function noSuchSet(name: string): never {
  const message = `There is no set of packages "${name}"`;
  throw new HttpProblem(404, "NotFound", "PACKAGES_NOT_FOUND", message);
}
