import type { JsonText } from "../../src/base/json-text.ts";
import { SANDBOX_LEVELS } from "../../src/base/sandbox-level.ts";
import type { HttpExchange } from "../../src/engines/contract/http-delivery.ts";
import type { CallLine } from "../../src/engines/contract/lines.ts";
import type { TypeCall } from "../../src/engines/contract/type-call.ts";
import { hasFrames } from "../../src/engines/explain/source-positions.ts";
import type { Granted, Kernel } from "../../src/kernel/kernel.ts";
import type { Session } from "../../src/kernel/session.ts";
import type { DeployedCode } from "../../src/plugins/plugin.ts";
import type { KnownTenant, Tenant } from "../../src/request/tenant.ts";
import type { ExecuteRequest, LogEntry, Observer, Output } from "../../src/request/types.ts";
import type { Admission } from "../quotas/admission.ts";
import type { ExecutionRow } from "../store/contract/executions.ts";
import type { Functions } from "../store/contract/functions.ts";
import { StoreUnavailable } from "../store/contract/store-errors.ts";
import type { Caller } from "../tenants/auth.ts";
import { type Suspension, TenantSuspended } from "../tenants/suspended.ts";
import { deniedAccesses } from "./denied-accesses.ts";
import { type ExecutionEnd, endOfError, endOfOutput } from "./execution-end.ts";
import { executionId } from "./execution-id.ts";
import type { ExecutionWriter } from "./execution-writer.ts";
import type { RequestRuns } from "./request-runs.ts";
import { causeOf, Running } from "./running.ts";
import type { RunLog, RunningLogs } from "./running-logs.ts";

/** Milliseconds in which the work of a deleted tenant has to end. */
const END_WITHIN = 10_000;

const DEPLOYED: DeployedCode = {};
const LEVELS: readonly unknown[] = SANDBOX_LEVELS;

export interface RunsOptions {
  readonly kernel: Kernel;
  readonly executionWriter: ExecutionWriter;
  readonly admission: Admission;
  readonly logs: RunningLogs;
  /** Reads a tenant's large results. Default: results are plain values. */
  readonly readResult?: ((tenant: string, text: string) => Promise<JsonText>) | undefined;
  /** Reads the source map of a function's version. Default: stacks stay as they are. */
  readonly sourceMap?: Functions["sourceMap"] | undefined;
  /** Translates frames in a tenant's logs by a source map. Default: stacks stay as they are. */
  readonly translate?:
    | ((
        tenant: string,
        asked: { readonly logs: readonly LogEntry[]; readonly map: string },
      ) => Promise<readonly LogEntry[]>)
    | undefined;
  /** Returns the hash of the lock of a version's packages. Default: none is told. */
  readonly lockHash?:
    | ((tenant: Tenant, name: string, version: number) => Promise<string | undefined>)
    | undefined;
  /** Executions by their requests, for the lines of those. Default: nobody asks. */
  readonly requestRuns?: RequestRuns | undefined;
  /** Begins the calls of an execution to the endpoint that its request names. Default: there are none. */
  readonly endpointCalls?: EndpointLines | undefined;
  /** Receives the record of each execution at its end. Default: no listener. */
  readonly onEnd?: ((row: ExecutionRow) => void) | undefined;
}

/** Calls of executions to functions at endpoints of their tenants. */
export interface EndpointLines {
  begin(asked: {
    readonly id: string;
    readonly tenant: KnownTenant;
    readonly request: ExecuteRequest;
  }): { readonly calls: CallLine; close(): void } | undefined;
}

/** Context of one execution. */
export interface ExecutionContext {
  /** Id of the execution. Default: a new one. */
  readonly id?: string;
  readonly caller: Caller;
  readonly via: ExecutionRow["via"];
  readonly requestId: string;
  /** Deployed function that it calls. */
  readonly function?: { readonly name: string; readonly version: number } | undefined;
  /** Destroys the sandbox once aborted. */
  readonly signal?: AbortSignal | undefined;
  /** True if it may wait for other executions of its tenant. Default true. */
  readonly wait?: boolean;
  /** True if it is requested without a key of the tenant. Default false. */
  readonly isAnonymous?: boolean;
  /** True if it has a place of `hold()`. Default false. */
  readonly hasPlace?: boolean;
  /** Returns true for an error after which the same execution is tried again, under its id. */
  readonly comesAgain?: (error: unknown) => boolean;
}

export interface Execution extends ExecutionContext {
  /** Unchecked request. The kernel's guard checks it, whatever its type promises. */
  readonly request: ExecuteRequest;
  /** True if this host has made the code of files and packages. Default false. */
  readonly isBundle?: boolean | undefined;
  /** Makes the request's code once the execution is admitted. Default: the request has it. */
  readonly compile?: (() => Promise<string>) | undefined;
  /** Differences of a resource type's call. Default: it is none. */
  readonly typeCall?: TypeCall | undefined;
  /** Reads the bytes for the type's call once the execution is admitted. Default: none. */
  readonly attach?: ((signal: AbortSignal) => Promise<Uint8Array>) | undefined;
  readonly observer?: Observer | undefined;
  /** True if the answer is written as text. A large result, and one that a value would change, is then `JsonText`. */
  readonly asText?: boolean;
  /** HTTP request that its entry answers, instead of an input. */
  readonly exchange?: HttpExchange | undefined;
  /** Calls of the code to functions of its caller. Default: it has none. */
  readonly calls?: CallLine | undefined;
  /** Session in which it runs, which has a place. Default: none. */
  readonly session?: Session | undefined;
  /** JSON text of an argument that the entry gets after its input. Default: none. */
  readonly callContext?: string | undefined;
  /** Receives the grants of a valid request, before it waits for a sandbox. */
  readonly onGranted?: ((granted: Granted) => void) | undefined;
}

/** Facts about an execution that are known while it runs. */
export interface Facts {
  level: string;
  tools: readonly string[];
  permissions: unknown;
}

/**
 * Runs code for tenants; nothing else does. Applies their quotas and records each execution.
 * Refusals by a quota are not recorded, because their number has no bound.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #running = new Running();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /**
   * Runs code once. Resolves whatever the code does. Rejects as `Kernel.execute()` does, with 429
   * for a quota, and with `StoreUnavailable` if it could not be recorded.
   */
  async run(run: Execution): Promise<{ readonly id: string; readonly output: Output }> {
    const { caller, request, isBundle, compile, attach, observer, exchange, asText } = run;
    const { readResult: read } = this.#options;
    const readResult = asText && read ? (text: string) => read(caller.tenant.id, text) : undefined;
    const id = run.id ?? executionId();
    const facts = factsOf(request);
    const tracked = { ...run, id, hasPlace: run.session !== undefined };
    const output = await this.track(tracked, facts, endOfRun, async (signal, log) => {
      const onGranted = (granted: Granted): void => {
        Object.assign(facts, granted);
        run.onGranted?.(granted);
      };
      const whole = compile ? { ...request, code: await compile() } : request;
      const bytes = attach && (await attach(signal));
      const typeCall =
        run.typeCall && bytes ? { ...run.typeCall, attachments: [bytes] } : run.typeCall;
      const watched = log ? log.observe(observer) : observer;
      let map: string | undefined;
      const onSourceMap = (made: string): void => {
        map = made;
      };
      const deployed = await this.#deployed(run);
      const reading = { typeCall, readResult, isBundle, deployed };
      const hooks = { observer: watched, onGranted, onSourceMap };
      const { callContext, session } = run;
      const endpoint = run.calls ? undefined : this.#endpoint(run, id);
      const calls = run.calls ?? endpoint?.calls;
      const options = { signal, exchange, callContext, calls, session, ...reading, ...hooks };
      const { kernel } = this.#options;
      const running = kernel.execute(whole, { id, tenant: caller.tenant, ...options });
      const output = await running.finally(() => endpoint?.close());
      return this.#inFiles(output, run, map);
    });
    return { id, output };
  }

  #endpoint({ caller: { tenant }, request }: Execution, id: string) {
    if (request?.functionsEndpoint === undefined) return undefined;
    return this.#options.endpointCalls?.begin({ id, tenant, request });
  }

  /** Returns the facts about a function's code that the kernel tells. */
  async #deployed({ caller, function: called }: Execution): Promise<DeployedCode | undefined> {
    if (called === undefined) return undefined;
    const { lockHash } = this.#options;
    if (lockHash === undefined) return DEPLOYED;
    const hash = lockHash(caller.tenant, called.name, called.version).catch(() => undefined);
    return { lockHash: await hash };
  }

  /** Translates the stacks of a function of several files, which sandboxes run as one module. */
  async #inFiles(output: Output, execution: Execution, made: string | undefined) {
    const { caller, isBundle, function: deployed } = execution;
    const { sourceMap, translate } = this.#options;
    const { logs } = output;
    // Only bundles have maps, and only failures have stacks.
    if (made === undefined && (!isBundle || !deployed || sourceMap === undefined)) return output;
    if (logs === undefined || !hasFrames(logs)) return output;
    const read = async () =>
      deployed && sourceMap?.(caller.tenant.id, deployed.name, deployed.version);
    const map = made ?? (await read().catch(() => {}));
    if (!map || translate === undefined) return output;
    // A map of half a megabyte occupies a thread for some 50 ms.
    return { ...output, logs: [...(await translate(caller.tenant.id, { logs, map }))] };
  }

  /**
   * Runs `work` as one execution, for work outside `Kernel.execute()`. `ended` returns its end.
   * Reads `facts` at the end. `work` has to end with `Aborted` once its signal is aborted.
   */
  async track<T>(
    asked: ExecutionContext,
    facts: Facts,
    ended: (value: T) => TrackedEnd,
    work: (signal: AbortSignal, log: RunLog | undefined) => Promise<T>,
  ): Promise<T> {
    const { executionWriter, admission, logs, requestRuns, onEnd } = this.#options;
    const { caller, wait = true, isAnonymous, hasPlace, comesAgain = () => false } = asked;
    if (executionWriter.full)
      throw new StoreUnavailable("Too many executions wait to be written down");
    if (caller.suspended !== undefined) {
      throw new TenantSuspended(isAnonymous ? undefined : caller.suspended);
    }
    const id = asked.id ?? executionId();
    const startedAt = new Date();
    const { signal, done } = this.#running.begin(caller.tenant, asked.signal);
    const asking = { signal, wait, isAnonymous, hasPlace };
    const release = await admission.admit(caller, asking).catch((error: unknown) => {
      done();
      throw causeOf(error, signal);
    });
    let used: Parameters<typeof release>[0] = null;
    executionWriter.expect();
    requestRuns?.onBegin({ id, requestId: asked.requestId });
    const log = logs.begin({ id, caller, function: asked.function, startedAt });
    const record = ({ output, ...end }: TrackedEnd): void => {
      const hasRun = end.outcome !== "refused" && end.outcome !== "failed";
      if (hasRun) used = end.usage ?? { cpu: null, wall: end.duration, queued: 0 };
      const row = rowOf({ ...asked, id }, facts, startedAt, end);
      const kept = log?.end(output);
      const reserved = hasRun ? release.reserved : undefined;
      const denied = output?.denied && deniedAccesses(output.denied);
      const more = kept || reserved || denied;
      executionWriter.record(more ? { ...row, logs: kept, reserved, denied } : row);
      requestRuns?.onEnd(row);
      onEnd?.(row);
    };
    try {
      const value = await work(signal, log);
      record(ended(value));
      return value;
    } catch (thrown) {
      const error = causeOf(thrown, signal);
      if (comesAgain(error)) executionWriter.forgo();
      else record(endOfError(thrown, Date.now() - startedAt.getTime()));
      throw error;
    } finally {
      log?.close();
      release(used);
      done();
    }
  }

  /**
   * Takes a place among a tenant's executions until `release()`. The signal is aborted once the tenant may
   * run nothing more. Rejects as `run()` does.
   */
  async hold(
    caller: Caller,
    asking: AbortSignal,
  ): Promise<{ readonly signal: AbortSignal; readonly release: () => void }> {
    if (caller.suspended !== undefined) throw new TenantSuspended(caller.suspended);
    const { signal, done } = this.#running.begin(caller.tenant);
    const waiting = AbortSignal.any([signal, asking]);
    const holding = this.#options.admission.hold(caller, { signal: waiting, wait: true });
    const give = await holding.catch((error: unknown) => {
      done();
      throw causeOf(error, signal);
    });
    const release = (): void => {
      give();
      done();
    };
    return { signal, release };
  }

  /** Resolves once the records so far are written, or have failed. */
  flush(): Promise<void> {
    return this.#options.executionWriter.flush();
  }

  /** Ends all work of a tenant, and refuses more until `resume()`. */
  async suspend(tenant: KnownTenant, suspension: Suspension): Promise<void> {
    await this.#running.suspend(tenant, new TenantSuspended(suspension), END_WITHIN);
    this.endIdle(tenant.id);
    await this.flush();
  }

  resume(tenant: KnownTenant): void {
    this.#running.resume(tenant);
  }

  /** Lists the tenants whose work runs here, and those whose work was suspended. */
  tenants(): KnownTenant[] {
    return this.#running.tenants();
  }

  /** Ends the sandboxes that are kept for further executions of a tenant. */
  endIdle(tenant: string): void {
    this.#options.kernel.endIdle(tenant);
  }

  /** Ends all work of a deleted tenant. Its records are then in the store. */
  async endAll(tenant: KnownTenant): Promise<void> {
    this.#options.logs.gone(tenant.id);
    await this.#running.end(tenant, END_WITHIN);
    this.endIdle(tenant.id);
    await this.flush();
  }
}

/** End of tracked work, and its output if it is an execution of code. */
type TrackedEnd = ExecutionEnd & { readonly output?: Output };

function endOfRun(output: Output): TrackedEnd {
  return { ...endOfOutput(output), output };
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

/** Returns the facts of an unchecked request. A refused one was granted nothing. */
function factsOf(request: unknown): Facts {
  const { sandbox } = (request ?? {}) as { sandbox?: unknown };
  const level = LEVELS.includes(sandbox) ? String(sandbox) : "container";
  return { level, tools: [], permissions: "none" };
}
