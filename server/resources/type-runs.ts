import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { PublicPlan } from "../../src/permissions/public-plan.ts";
import { tenantKey } from "../../src/request/tenant.ts";
import type { Output } from "../../src/request/types.ts";
import type { SerializedInput } from "../../src/resourcex/data/serialized.ts";
import type { RunDescribe } from "../../src/resourcex/types/metadata.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { isMade, moduleOf } from "../../src/resourcex/types/type-module.ts";
import { callOf, describeCall, permissionRequest } from "../../src/resourcex/types/type-request.ts";
import type { ExecutionContext, Runs } from "../runs/runs.ts";
import type { Caller } from "../tenants/auth.ts";
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

/** Runs types for tenants, in containers, as executions like others. */
export class TypeRuns {
  readonly #options: TypeRunsOptions;
  readonly #compilations = new PerTenantQueue(MAX_WAITING);

  constructor(options: TypeRunsOptions) {
    this.#options = options;
  }

  /** Runs a type on a resource. Rejects as `Runs.run()` does. */
  async run(
    asked: TypeAsked,
    type: BundledType,
    resource: SerializedInput,
    args: unknown,
  ): Promise<Output> {
    const { tenant } = asked.caller;
    const { request, typeCall } = callOf({ ...type, sandbox }, "", resource, args, tenant);
    const compile = () => this.#compile(asked, type);
    return (await this.#options.runs.run({ ...asked, via, request, compile, typeCall })).output;
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
