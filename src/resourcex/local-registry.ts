import { type CreateRegistryOptions, createRegistry } from "./create-registry.ts";
import type { RXL } from "./data/locator.ts";
import type { RXR } from "./data/resource.ts";
import type { SearchQuery } from "./data/search.ts";
import type { Registry, ResolvedResource } from "./registry.ts";
import type { BundledType } from "./types/type.ts";

/**
 * The registry of `createRegistry()` as a class.
 *
 * @throws {ResourceXError} For bad options.
 *
 * @example
 * const registry = new LocalRegistry({ types: [prompt] });
 * const { execute } = await registry.resolve("x.org/greet.prompt@1.0.0");
 */
export class LocalRegistry implements Registry {
  readonly #registry: Registry;

  constructor(config: CreateRegistryOptions = {}) {
    this.#registry = createRegistry(config);
  }

  supportType(type: BundledType): void {
    this.#registry.supportType(type);
  }

  add(source: string | RXR): Promise<void> {
    return this.#registry.add(source);
  }

  link(folder: string): Promise<void> {
    return this.#registry.link(folder);
  }

  get(locator: string): Promise<RXR> {
    return this.#registry.get(locator);
  }

  resolve<Args = unknown, Result = unknown>(
    locator: string,
  ): Promise<ResolvedResource<Args, Result>> {
    return this.#registry.resolve(locator);
  }

  exists(locator: string): Promise<boolean> {
    return this.#registry.exists(locator);
  }

  delete(locator: string): Promise<void> {
    return this.#registry.delete(locator);
  }

  search(query?: SearchQuery): Promise<RXL[]> {
    return this.#registry.search(query);
  }

  close(): Promise<void> {
    return this.#registry.close();
  }
}
