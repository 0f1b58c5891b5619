import { RegistryError } from "./base/resourcex-errors.ts";
import { parseRXL } from "./data/locator.ts";
import { LOCAL_DOMAIN } from "./data/storable.ts";
import type { Registry } from "./registry.ts";

/**
 * Makes a view of a registry that returns and runs the resources of one domain only. Its `get` and
 * `resolve` reject with a `RegistryError` for any other domain, before any registry is asked.
 */
export function withDomainValidation(registry: Registry, domain: string): Registry {
  const assertTrusted = (claimed: string): void => {
    if (claimed === domain) return;
    throw new RegistryError(
      `Untrusted domain: resource claims "${claimed}" but registry only trusts "${domain}"`,
    );
  };
  const assertAsked = (locator: string): void =>
    assertTrusted(parseRXL(locator).domain ?? LOCAL_DOMAIN);
  // Listed one by one, because a spread loses the methods of a class.
  return {
    supportType: (type) => registry.supportType(type),
    add: (source) => registry.add(source),
    link: (folder) => registry.link(folder),
    exists: (locator) => registry.exists(locator),
    delete: (locator) => registry.delete(locator),
    search: (query) => registry.search(query),
    close: () => registry.close(),
    async get(locator) {
      assertAsked(locator);
      const resource = await registry.get(locator);
      assertTrusted(resource.manifest.domain);
      return resource;
    },
    async resolve<Args, Result>(locator: string) {
      assertAsked(locator);
      const resolved = await registry.resolve<Args, Result>(locator);
      assertTrusted(resolved.resource.manifest.domain);
      return resolved;
    },
  };
}
