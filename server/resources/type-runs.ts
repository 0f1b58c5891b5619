import { Aborted } from "../../src/base/errors.ts";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { PublicPlan } from "../../src/permissions/public-plan.ts";
import { tenantKey } from "../../src/request/tenant.ts";
import type { Output } from "../../src/request/types.ts";
import { ARCHIVE_LIMITS } from "../../src/resourcex/archive/archive-limits.ts";
import type { RunDescribe } from "../../src/resourcex/types/metadata.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { isMade, moduleOf } from "../../src/resourcex/types/type-module.ts";
import { callOf, describeCall, permissionRequest } from "../../src/resourcex/types/type-request.ts";
import { bodyOwner } from "../http/body/bodies.ts";
import { BodyBudget } from "../http/body/budget.ts";
import type { ExecutionContext, Runs } from "../runs/runs.ts";
import type { Caller } from "../tenants/auth.ts";
import type { PublishedResource } from "./published-resources.ts";
import type { DescribedType } from "./tenant-types.ts";

export interface TypeRunsOptions {
  readonly kernel: Kernel;
  readonly runs: Runs;
  /** Most milliseconds of an execution, unless its tenant has fewer. */
  readonly maxTimeout: number;
}

/** Caller and context of a type's execution. */
export type TypeAsked = Omit<ExecutionContext, "via">;

/** Level of all types of a server, whatever they ask for. */
const sandbox = "container";
const via = "resolve";
/** Most executions of one tenant that wait for a type to be compiled. */
const MAX_WAITING = 256;
/** Archives of the largest size that executions keep at once. More fit if they are smaller. */
const ARCHIVES_AT_ONCE = 8;

/** Runs types for tenants, in containers, as executions like others. */
export class TypeRuns {
  readonly #options: TypeRunsOptions;
  readonly #compilations = new PerTenantQueue(MAX_WAITING);
  /** Bytes of the archives whose executions wait or run. */
  readonly #archives = new BodyBudget(ARCHIVE_LIMITS.bytes * ARCHIVES_AT_ONCE);

  constructor(options: TypeRunsOptions) {
    this.#options = options;
  }

  /**
   * Runs a type on a resource. Reads its archive once the execution is admitted, so that refused
   * ones cost no memory. Rejects as `Runs.run()` does.
   *
   * @throws {HostBusy} If there is no room for the archive.
   */
  async run(
    asked: TypeAsked,
    type: BundledType,
    resource: PublishedResource,
    args: unknown,
  ): Promise<Output> {
    const { caller } = asked;
    const { manifest } = resource;
    const sent = { locator: manifest.toLocator(), manifest };
    const call = callOf({ ...type, sandbox }, "", sent, args, caller.tenant);
    const compile = () => this.#compile(asked, type);
    return this.#archives.share(async ({ add }) => {
      const attach = (signal: AbortSignal) =>
        resource.read(caller.tenant.id, (bytes) => {
          if (signal.aborted) throw new Aborted();
          add(bytes);
        });
      return (await this.#options.runs.run({ ...asked, via, ...call, compile, attach })).output;
    }, bodyOwner(caller));
  }

  /** Makes a function that runs a type's `describe()` for a tenant, as an execution of it. */
  describerFor(asked: TypeAsked): RunDescribe {
    const { maxTimeout: most } = this.#options;
    const { maxTimeout = most } = asked.caller.tenant;
    return async (code) => {
      const call = describeCall(code, sandbox, Math.min(most, maxTimeout));
      return (await this.#options.runs.run({ ...asked, via, ...call })).output;
    };
  }

  /**
   * Checks whether a tenant's type would be granted what it asks for. Rejects as an execution of it
   * would.
   */
  check({ tenant }: Caller, type: DescribedType): Promise<void> {
    return this.#options.kernel.check(permissionRequest({ ...type, sandbox }, tenant), { tenant });
  }

  /** Returns what a type would be granted and refused. */
  plan({ tenant }: Caller, type: DescribedType): Promise<PublicPlan> {
    return this.#options.kernel.plan(permissionRequest({ ...type, sandbox }, tenant), { tenant });
  }

  /**
   * Compiles a type. Compiles one at a time for each tenant, so that no tenant waits for all of
   * another's.
   */
  async #compile({ caller }: TypeAsked, { code }: BundledType): Promise<string> {
    const owner = tenantKey(caller.tenant);
    const make = () => moduleOf(code, owner);
    return (await (isMade(code, owner) ? make() : this.#compilations.take(owner, make))).text;
  }
}
