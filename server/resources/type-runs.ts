import { TenantLimit } from "../../src/base/errors.ts";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import type { Engine, Outcome, Profile } from "../../src/engines/contract/contract.ts";
import { toOutput } from "../../src/engines/explain/outcome.ts";
import { type Tenant, tenantKey } from "../../src/request/tenant.ts";
import type { SerializedRXR } from "../../src/resourcex/data/serialized.ts";
import type { Levels } from "../../src/resourcex/types/levels.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { isMade, moduleOf } from "../../src/resourcex/types/type-module.ts";
import { EngineRunner, type OnLog, resultOf } from "../../src/resourcex/types/type-runner.ts";
import { endOfOutput } from "../runs/execution-end.ts";
import type { ExecutionContext, Runs } from "../runs/runs.ts";

export interface TypeRunsOptions {
  readonly runs: Runs;
  readonly levels: Levels;
  /** Milliseconds of an execution, unless its tenant has fewer. */
  readonly timeout: number;
  /** Profile of the sandboxes. */
  readonly profile: Profile;
}

/** Caller and context of a type's execution. */
export type TypeAsked = Omit<ExecutionContext, "via">;

const LEVEL = "container";
/** Most executions of one tenant that wait for a type to be compiled. */
const MAX_WAITING = 256;

/** Runs types for tenants, in containers, within their quotas and limits. */
export class TypeRuns {
  readonly #options: TypeRunsOptions;
  readonly #compilations = new PerTenantQueue(MAX_WAITING);

  constructor(options: TypeRunsOptions) {
    this.#options = options;
  }

  /**
   * Runs a type on a resource and returns its result. Rejects as `EngineRunner.run()` and
   * `Runs.track()` do.
   */
  async run(
    asked: TypeAsked,
    type: BundledType,
    resource: SerializedRXR,
    args: unknown,
    onLog: OnLog,
  ): Promise<unknown> {
    const contained = { ...type, sandbox: LEVEL } as const;
    const runner = this.#runnerOf(asked.caller.tenant);
    const outcome = await this.#track(asked, async (signal) => {
      await this.#prepare(asked, type);
      return runner.outcome(contained, resource, args, { signal, onLog });
    });
    return resultOf(outcome);
  }

  /** Makes a container engine for a tenant. Each of its runs counts as an execution. */
  engineFor(asked: TypeAsked): Pick<Engine, "execute"> {
    const tenant = tenantKey(asked.caller.tenant);
    return {
      execute: (job, options) =>
        this.#track(asked, async (signal) => {
          const engine = await this.#options.levels.engine(LEVEL);
          return engine.execute(job, { ...options, tenant, signal });
        }),
    };
  }

  /**
   * Compiles a type. Compiles one at a time for each tenant, so that no tenant waits for all of
   * another's.
   */
  async #prepare({ caller }: TypeAsked, { code }: BundledType): Promise<void> {
    const owner = tenantKey(caller.tenant);
    if (!isMade(code, owner)) await this.#compilations.take(owner, () => moduleOf(code, owner));
  }

  #track(asked: TypeAsked, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    const { sandbox } = asked.caller.tenant;
    const facts = { level: LEVEL, tools: [], permissions: "none" };
    const ended = (outcome: Outcome) => endOfOutput(toOutput(outcome, LEVEL));
    return this.#options.runs.track({ ...asked, via: "resolve" }, facts, ended, async (signal) => {
      if (sandbox?.includes(LEVEL) !== false) return work(signal);
      throw new TenantLimit("sandbox", "sandbox: This tenant may not have containers");
    });
  }

  #runnerOf(owner: Tenant): EngineRunner {
    const { reuse, maxTimeout, maxMemory, logEntries } = owner;
    const { levels, timeout, profile } = this.#options;
    return new EngineRunner({
      levels,
      tenant: tenantKey(owner),
      result: "json",
      reuse,
      timeout: Math.min(timeout, maxTimeout ?? timeout),
      profile: { ...profile, memory: Math.min(profile.memory, maxMemory ?? profile.memory) },
      logEntries,
    });
  }
}
