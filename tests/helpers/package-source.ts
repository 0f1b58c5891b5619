import type { TestRegistry } from "../../dev/npm-registry/server.ts";
import { classify } from "../../src/destinations/address-class.ts";
import {
  createPackageSource,
  type PackageSourceOptions,
} from "../../src/packages/source/package-source.ts";

/** Rules of an operator that has set nothing, without a name server. */
export const PLAIN_RULES = {
  lookup: async () => [],
  classify,
  privateDestinations: new Set<string>(),
};

/** Creates a source of packages of a test's registry. */
export function packageSource(
  registry: TestRegistry,
  directory: string,
  options: Partial<PackageSourceOptions> = {},
) {
  return createPackageSource({
    registry: registry.url,
    directory,
    operatorRules: PLAIN_RULES,
    ...options,
  });
}
