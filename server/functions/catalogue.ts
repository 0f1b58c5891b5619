import type { Kernel } from "../../src/kernel/kernel.ts";
import type { KnownTenant } from "../../src/request/tenant.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { HttpProblem } from "../errors/problem.ts";
import type { FunctionRow, Functions, FunctionVersion } from "../store/contract/functions.ts";
import type { Page } from "../store/contract/page.ts";
import { MOST_ROWS } from "../store/contract/storage.ts";
import type { CachedStore } from "../store/contract/store-cache.ts";
import { isOneTooMany } from "../store/contract/store-errors.ts";
import { type DeploymentInput, toVersion } from "./deployment.ts";
import { executionOf } from "./kept-request.ts";
import { redeploymentOf } from "./redeployment.ts";
import { type Callable, type ListedVersion, VersionCache } from "./version-cache.ts";

/** A version that was made, and texts about known faults of its packages. */
export interface Deployed {
  readonly version: FunctionVersion;
  readonly warnings: readonly string[];
}

export interface Redeploy extends Pick<DeploymentInput, "caller" | "name" | "signal"> {
  /** Number of the version that has the files. Default: the current one. */
  readonly version?: number | undefined;
  /** True if its packages are resolved anew. */
  readonly update: boolean;
}

/** The deployed functions of all tenants. Each tenant finds only its own. */
export class FunctionCatalogue {
  readonly #store: Functions;
  readonly #kernel: Kernel;
  readonly #cache: VersionCache;

  /** Takes the store whose notices tell of changes by other servers. Default: there is none. */
  constructor(store: Functions, kernel: Kernel, told?: CachedStore) {
    this.#store = store;
    this.#kernel = kernel;
    this.#cache = new VersionCache(store, told);
  }

  /** Adds a version and makes it current. Rejects if it could not be executed. */
  async deploy(deployment: Omit<DeploymentInput, "kernel">): Promise<Deployed> {
    const { caller, name } = deployment;
    const { version, warnings } = await toVersion({ ...deployment, kernel: this.#kernel });
    const deployed = await this.#store
      .deploy(version, caller.limits.storage)
      .catch((error: unknown) => {
        throw isOneTooMany(error, "functions") ? tooMany() : error;
      });
    this.#cache.forget(caller.tenant, name);
    return { version: deployed, warnings };
  }

  /** Adds a version of the same files as another one. Its packages stay as they are, or are resolved anew. */
  async redeploy({ caller, name, signal, version, update }: Redeploy): Promise<Deployed> {
    const found = await this.version(caller.tenant.id, name, version);
    return this.deploy({ ...redeploymentOf(found, update), caller, name, signal });
  }

  /** Returns the version to call, which may be cached. Default: the current one. */
  callable(tenant: KnownTenant, name: string, version?: number): Promise<Callable | undefined> {
    return this.#cache.get(tenant, name, version);
  }

  list(tenant: string, page: Page): Promise<FunctionRow[]> {
    return this.#store.list(tenant, page);
  }

  /** Lists functions with a schema of their input, by name. There may be others among them. */
  described(tenant: string, page: Page) {
    return this.#store.described(tenant, page);
  }

  async get(tenant: string, name: string): Promise<FunctionRow> {
    return (await this.#store.get(tenant, name)) ?? noSuchFunction(name);
  }

  /** Returns a version as it was deployed. */
  async version(tenant: string, name: string, version?: number): Promise<FunctionVersion> {
    return (await this.#store.version(tenant, name, version)) ?? noSuchFunction(name, version);
  }

  /** Returns a version without its files, code and lock. */
  async outline(tenant: string, name: string, version: number): Promise<ListedVersion> {
    return (await this.#store.outline(tenant, name, version)) ?? noSuchFunction(name, version);
  }

  /** Lists versions, the newest first. */
  async versions(tenant: string, name: string): Promise<ListedVersion[]> {
    const all = await this.#store.versions(tenant, name);
    return all.length > 0 ? all : noSuchFunction(name);
  }

  /** Makes another version current, earlier or later. */
  async rollBack(tenant: KnownTenant, name: string, version: number): Promise<FunctionRow> {
    const isThere = await this.#store.activate(tenant.id, name, version);
    this.#cache.forget(tenant, name);
    return isThere ? this.get(tenant.id, name) : noSuchFunction(name, version);
  }

  async delete(tenant: KnownTenant, name: string): Promise<void> {
    const existed = await this.#store.delete(tenant.id, name);
    this.#cache.forget(tenant, name);
    if (!existed) noSuchFunction(name);
  }
}

/** Makes the request for a call of a version, without its input. */
export function requestOf(version: Callable): ExecuteRequest {
  return { ...executionOf(version), code: version.code };
}

function tooMany(): HttpProblem {
  const message = `There are ${MOST_ROWS.functions} functions; delete one first`;
  return new HttpProblem(409, "Conflict", "FUNCTIONS_LIMIT", message);
}

export function noSuchFunction(name: string, version?: number): never {
  const what = version === undefined ? "" : `version ${version} of `;
  const list = version === undefined ? "/functions" : `/functions/${name}/versions`;
  const message = `There is no ${what}function "${name}"; GET ${list} lists those there are`;
  throw new HttpProblem(404, "NotFound", "FUNCTION_NOT_FOUND", message);
}
