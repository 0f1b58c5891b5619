import type { BriefCache } from "../../../src/base/brief-cache.ts";
import { HttpProblem } from "../../errors/problem.ts";
import { type Hosted, readHost } from "../../http/hosted-name.ts";
import type { HostPlace, HostRow, Hosts, HostsPage } from "../../store/contract/hosts.ts";
import { MOST_ROWS } from "../../store/contract/storage.ts";
import type { Store } from "../../store/contract/store.ts";
import { storeCache } from "../../store/contract/store-cache.ts";
import {
  isOneTooMany,
  StoreConflict,
  StoreUnavailable,
} from "../../store/contract/store-errors.ts";
import type { Caller } from "../../tenants/auth.ts";
import type { ServerNames } from "./server-names.ts";

/** Paths that are answered whatever the name is while the store is away: somebody asks whether it is. */
const ABOUT_HEALTH: readonly string[] = ["/healthz", "/readyz"];

export interface HostDirectoryOptions {
  readonly store: Pick<Store, "hosts" | "notices" | "isShared">;
  readonly names: ServerNames;
  /** True if what a tenant asks for is verified by that, because nobody else uses the server. */
  readonly isSole: boolean;
}

/** Host names of functions: those that tenants have asked for, and those that the server gives by a rule. */
export class HostDirectory {
  readonly #hosts: Hosts;
  readonly #names: ServerNames;
  readonly #isSole: boolean;
  /** Verified names, and names that nobody has. A client may send any number of the latter. */
  readonly #served: BriefCache<HostRow | undefined>;

  constructor({ store, names, isSole }: HostDirectoryOptions) {
    this.#hosts = store.hosts;
    this.#names = names;
    this.#isSole = isSole;
    this.#served = storeCache(store);
    store.notices.on("host", ({ name }) => this.#served.forget(name));
    // A deleted tenant has no names any more, and a new one may get its id. A shared store tells each.
    if (!store.isShared) store.notices.on("tenant", () => this.#served.clear());
  }

  /**
   * Finds whose functions a `Host` header names. `undefined`: it is for the API. A change by another
   * server counts once its notice is here, and after five seconds while notices may be lost.
   */
  find(header: string, path: string): Promise<Hosted | undefined> | Hosted | undefined {
    const read = readHost(header);
    if (read === undefined || this.#names.isOfApi(read.name)) return undefined;
    const authority = `${read.name}${read.port}`;
    const named = this.#names.named(read.name);
    return named ? { authority, ...named } : this.#lookUp(read.name, authority, path);
  }

  /**
   * Stores that a tenant asks for a name, or that another function answers. Calls `made` once it is stored.
   *
   * @throws {HttpProblem} 409 for a name of the server, or with too many names.
   */
  async put(
    { tenant, limits }: Caller,
    name: string,
    named: string | undefined,
    made: () => void = () => {},
  ): Promise<{ readonly host: HostRow; readonly created: boolean }> {
    if (this.#names.isTaken(name)) throw taken(`"${name}" is a name of this server`);
    const row = { tenant: tenant.id, name, function: named ?? null };
    const result = await this.#hosts.put(row, limits.storage).catch((error: unknown) => {
      throw isOneTooMany(error, "hosts") ? tooMany() : error;
    });
    made();
    this.#served.forget(name);
    if (!this.#isSole || result.host.verifiedAt !== null) return result;
    return { ...result, host: await this.verify({ tenant: tenant.id, name }) };
  }

  list(tenant: string): Promise<HostRow[]> {
    return this.#hosts.list(tenant);
  }

  all(page: HostsPage): Promise<HostRow[]> {
    return this.#hosts.all(page);
  }

  /**
   * Has a tenant's name served.
   *
   * @throws {HttpProblem} 404 if the tenant has not asked for it, 409 if another one has it.
   */
  async verify(place: HostPlace): Promise<HostRow> {
    const { name, tenant } = place;
    if (this.#names.isTaken(name)) throw taken(`"${name}" is a name of this server`);
    const row = await this.#hosts.verify(place).catch((error: unknown) => {
      if (!(error instanceof StoreConflict)) throw error;
      throw taken(`Another tenant has "${name}"; delete it there first`);
    });
    this.#served.forget(name);
    if (row === undefined) throw noSuchHost(name, tenant);
    return row;
  }

  /** @throws {HttpProblem} 404 if the tenant has no such name. */
  async delete(place: HostPlace): Promise<void> {
    const existed = await this.#hosts.delete(place);
    this.#served.forget(place.name);
    if (!existed) throw noSuchHost(place.name, place.tenant);
  }

  async #lookUp(name: string, authority: string, path: string): Promise<Hosted | undefined> {
    try {
      const row = await this.#served.get(name, () => this.#hosts.served(name));
      if (row === undefined) return undefined;
      return { authority, tenant: row.tenant, function: row.function ?? undefined };
    } catch (error) {
      if (error instanceof StoreUnavailable && ABOUT_HEALTH.includes(path)) return undefined;
      throw error;
    }
  }
}

function taken(message: string): HttpProblem {
  return new HttpProblem(409, "Conflict", "HOST_TAKEN", message);
}

function tooMany(): HttpProblem {
  const message = `There are ${MOST_ROWS.hosts} host names; delete one first`;
  return new HttpProblem(409, "Conflict", "HOSTS_LIMIT", message);
}

function noSuchHost(name: string, tenant: string): HttpProblem {
  const message = `Tenant "${tenant}" has not asked for "${name}"; GET /hosts lists its names`;
  return new HttpProblem(404, "NotFound", "HOST_NOT_FOUND", message);
}
