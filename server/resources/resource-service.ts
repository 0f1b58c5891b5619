import type { Profile } from "../../src/engines/contract/contract.ts";
import type { Levels } from "../../src/resourcex/types/levels.ts";
import type { Runs } from "../runs/runs.ts";
import type { Store } from "../store/contract/store.ts";
import { PublishedResources } from "./published-resources.ts";
import { TenantTypes } from "./tenant-types.ts";
import { TypeRuns } from "./type-runs.ts";

export interface ResourceServiceOptions {
  readonly store: Pick<Store, "resources" | "types">;
  readonly runs: Runs;
  readonly levels: Levels;
  /** Milliseconds of an execution, unless its tenant has fewer. */
  readonly timeout: number;
  /** Profile of the sandboxes. */
  readonly profile: Profile;
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
