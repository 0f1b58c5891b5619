import type { Store } from "../store/contract/store.ts";
import { PublishedResources } from "./published-resources.ts";
import { TenantTypes } from "./tenant-types.ts";
import { TypeRuns, type TypeRunsOptions } from "./type-runs.ts";

export interface ResourceServiceOptions extends TypeRunsOptions {
  readonly store: Pick<Store, "resources" | "types">;
}

/** Parts of a server's registry. */
export interface ResourceService {
  readonly resources: PublishedResources;
  readonly types: TenantTypes;
  readonly runs: TypeRuns;
}

/** Makes a registry in the store. Its types run in containers only. */
export function createResourceService(options: ResourceServiceOptions): ResourceService {
  const { store } = options;
  return {
    resources: new PublishedResources(store.resources),
    types: new TenantTypes(store.types),
    runs: new TypeRuns(options),
  };
}
