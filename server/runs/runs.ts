import type { JsonText } from "../../src/base/json-text.ts";
import { SANDBOX_LEVELS } from "../../src/base/sandbox-level.ts";
import type { HttpExchange } from "../../src/engines/contract/http-delivery.ts";
import type { Granted, Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest, Observer, Output } from "../../src/request/types.ts";
import type { Admission } from "../quotas/admission.ts";
import type { ExecutionRow } from "../store/contract/executions.ts";
import { StoreUnavailable } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import { type ExecutionEnd, endOfError, endOfOutput } from "./execution-end.ts";
import { executionId } from "./execution-id.ts";
import type { ExecutionWriter } from "./execution-writer.ts";
import { causeOf, type KnownTenant, Running } from "./running.ts";

/** Milliseconds that what is ended with its tenant gets for its end. */
const END_WITHIN = 10_000;

const LEVELS: readonly unknown[] = SANDBOX_LEVELS;

export interface RunsOptions {
  readonly kernel: Kernel;
  readonly audit: ExecutionWriter;
  readonly admission: Admission;
  /** Reads a tenant's large results. Default: they are values. */
  readonly readResult?: ((tenant: string, text: string) => Promise<JsonText>) | undefined;
  /** Told of each execution that is over. Default: nobody. */
  readonly onEnd?: ((row: ExecutionRow) => void) | undefined;
}

/** An execution that somebody asks for. */
export interface ExecutionContext {
  /** Default: a new one. */
  readonly id?: string;
  readonly caller: Caller;
  readonly via: ExecutionRow["via"];
  readonly requestId: string;
  /** The deployed function it is one of. */
  readonly function?: { readonly name: string; readonly version: number } | undefined;
  /** Destroys the sandbox once aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Whether it may wait for others of its tenant to end. Default true. */
  readonly wait?: boolean;
  /** Whether somebody without a key of the tenant's asks for it. Default false. */
  readonly isAnonymous?: boolean;
  /** Tells of an error that it is not its end: it is going to be asked for again, under its id. */
  readonly comesAgain?: (error: unknown) => boolean;
}

export interface Execution extends ExecutionContext {
  /** The kernel's guard takes nothing of it for granted, whatever its type says. */
  readonly request: ExecuteRequest;
  readonly observer?: Observer | undefined;
  /** Whether its answer is written as text at once: a large result is then `JsonText`. */
  readonly asText?: boolean;
  /** The request its entry answers, in place of an input. */
  readonly exchange?: HttpExchange | undefined;
  /** Told that it is valid and what it has been granted, before it waits for a sandbox. */
  readonly onGranted?: ((granted: Granted) => void) | undefined;
}

/** What is known of an execution while it is under way. */
export interface Facts {
  level: string;
  tools: readonly string[];
  permissions: unknown;
}

/**
 * The one way to run code for somebody: within the quotas of its tenant, and written down, whatever
 * comes of it. Refusals for a quota are not: there is no end to what can be refused.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #running = new Running();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /**
   * Runs code once. Resolves whatever the code does; rejects as `Kernel.execute()` does, with 429 for
   * a quota, and with `StoreUnavailable` if it could not be written down.
   */
  async run(run: Execution): Promise<{ readonly id: string; readonly output: Output }> {
    const { caller, request, observer, exchange, asText } = run;
    const { readResult: read } = this.#options;
    const readResult = asText && read ? (text: string) => read(caller.tenant.id, text) : undefined;
    const id = run.id ?? executionId();
    const facts = factsOf(request);
    const output = await this.track({ ...run, id }, facts, endOfOutput, (signal) => {
      const onGranted = (granted: Granted): void => {
        Object.assign(facts, granted);
        run.onGranted?.(granted);
      };
      return this.#options.kernel.execute(request, {
        tenant: caller.tenant,
        signal,
        observer,
        exchange,
        readResult,
        onGranted,
      });
    });
    return { id, output };
  }

  /**
   * Does `work` as one execution: for what the kernel does not run. `ended` says how it went; `facts`
   * are read at its end. `work` is to end with `Aborted` once its signal is aborted.
   */
  async track<T>(
    asked: ExecutionContext,
    facts: Facts,
    ended: (value: T) => ExecutionEnd,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { audit, admission, onEnd } = this.#options;
    const { caller, wait = true, isAnonymous, comesAgain = () => false } = asked;
    if (audit.full) throw new StoreUnavailable("Too many executions wait to be written down");
    const id = asked.id ?? executionId();
    const startedAt = new Date();
    const { signal, done } = this.#running.begin(caller.tenant, asked.signal);
    const asking = { signal, wait, isAnonymous };
    const release = await admission.admit(caller, asking).catch((error: unknown) => {
      done();
      throw causeOf(error, signal);
    });
    let used: Parameters<typeof release>[0] = null;
    audit.expect();
    const record = (end: ExecutionEnd): void => {
      const hasRun = end.outcome !== "refused" && end.outcome !== "failed";
      if (hasRun) used = end.usage ?? { cpu: null, wall: end.duration };
      const row = rowOf({ ...asked, id }, facts, startedAt, end);
      audit.record(row);
      onEnd?.(row);
    };
    try {
      const value = await work(signal);
      record(ended(value));
      return value;
    } catch (thrown) {
      const error = causeOf(thrown, signal);
      if (comesAgain(error)) audit.forgo();
      else record(endOfError(error, Date.now() - startedAt.getTime()));
      throw error;
    } finally {
      release(used);
      done();
    }
  }

  /** Resolves once what has ended by now is written down, or has failed to be. */
  flush(): Promise<void> {
    return this.#options.audit.flush();
  }

  /** Ends all that runs or waits for a tenant that is deleted; the store then has what there was of it. */
  async endAll(tenant: KnownTenant): Promise<void> {
    await this.#running.end(tenant, END_WITHIN);
    await this.flush();
  }
}

function rowOf(
  { id, caller, requestId, via, function: deployed }: ExecutionContext & { readonly id: string },
  { level, tools, permissions }: Facts,
  startedAt: Date,
  end: ExecutionEnd,
): ExecutionRow {
  return {
    id,
    tenant: caller.tenant.id,
    requestId,
    via,
    function: deployed?.name ?? null,
    version: deployed?.version ?? null,
    level,
    tools,
    permissions,
    startedAt,
    ...end,
  };
}

/** Of a request that nobody has looked at; what is refused was granted nothing. */
function factsOf(request: unknown): Facts {
  const { sandbox } = (request ?? {}) as { sandbox?: unknown };
  const level = LEVELS.includes(sandbox) ? String(sandbox) : "container";
  return { level, tools: [], permissions: "none" };
}
