import { segment, type Transport } from "./transport.ts";
import type { PackageSet, PackageSetRequest } from "./types.ts";

/** Manages prepared sets of packages, which executions name. */
export class PackagesClient {
  readonly #transport: Transport;
  readonly #path: string;

  /** `path` is the tenant's sets, or the operator's. */
  constructor(transport: Transport, path: "/packages" | "/admin/packages") {
    this.#transport = transport;
    this.#path = path;
  }

  /** Finds and fetches the packages of a set. A set with that name is replaced. */
  put(set: string, request: PackageSetRequest): Promise<PackageSet> {
    return this.#transport.json(this.#pathOf(set), { method: "PUT", body: request });
  }

  /** Returns a set with its lock. */
  get(set: string): Promise<PackageSet> {
    return this.#transport.json(this.#pathOf(set));
  }

  /** Returns a page of sets, by name. `next` is the `after` of the next page. */
  list(
    query: { after?: string; limit?: number } = {},
  ): Promise<{ sets: PackageSet[]; next?: string }> {
    return this.#transport.json(this.#path, { query });
  }

  async delete(set: string): Promise<void> {
    await this.#transport.send(this.#pathOf(set), { method: "DELETE" });
  }

  #pathOf(set: string): string {
    return `${this.#path}/${segment(set)}`;
  }
}
