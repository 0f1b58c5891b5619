import type { Span } from "@opentelemetry/api";
import { ShuttingDown } from "../base/errors.ts";
import { inSpan } from "../base/tracing.ts";
import type { Config } from "../config/config.ts";
import type { Engine, IdleUsage, JobUsage, ReadResult } from "../engines/contract/contract.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { TypeCall } from "../engines/contract/type-call.ts";
import { NOT_MEASURED, toOutput } from "../engines/explain/outcome.ts";
import { assertReusable } from "../engines/run/reuse.ts";
import type { Perms } from "../permissions/perms.ts";
import { assertGranted } from "../permissions/plan.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import { pluginApi } from "../plugins/api.ts";
import { order } from "../plugins/order.ts";
import { type Context, Hooks, type IsolatePlugin } from "../plugins/plugin.ts";
import { publicPlan } from "../plugins/public-plan.ts";
import { SOLE_TENANT, type Tenant } from "../request/tenant.ts";
import type {
  ExecuteRequest,
  Observer,
  Output,
  SandboxLevel,
  ValidRequest,
} from "../request/types.ts";
import { emptyContext } from "./empty-context.ts";
import { jobOf, optionsOf } from "./job.ts";
import { contained } from "./observer.ts";
import { builtInSteps, type StepOptions } from "./steps.ts";

export interface KernelOptions extends StepOptions {
  readonly config: Config;
  /** Your own plugins. They follow the built-in ones, and may require those by name. */
  readonly plugins?: readonly IsolatePlugin[];
}

export interface RunOptions {
  /** Destroys the sandbox when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Tenant of the execution. Default: the only one of a host without tenants. */
  readonly tenant?: Tenant | undefined;
  /** Receives events while it runs. Default: none. */
  readonly observer?: Observer | undefined;
  /** HTTP request that the entry answers, instead of an input. The output then has no result. */
  readonly exchange?: HttpExchange | undefined;
  /** Differences of a resource type's call. Default: it is none. */
  readonly typeCall?: TypeCall | undefined;
  /**
   * Reads a large result, so that the output has it as `JsonText`. Default: the output has the
   * value.
   */
  readonly readResult?: ReadResult | undefined;
  /**
   * Receives the permissions once the execution is certain to run, before it waits for a sandbox.
   */
  readonly onGranted?: ((granted: Granted) => void) | undefined;
}

/** Level, tools and permissions of an execution. */
export interface Granted {
  readonly level: SandboxLevel;
  /** Names of its tools. */
  readonly tools: readonly string[];
  /** Union of the permissions that its request and its tools ask for. */
  readonly permissions: Perms;
}

/** Runs all executions: those of the library, the server, functions, jobs and resource types. */
export class Kernel {
  readonly #hooks = new Hooks();
  readonly #engines: readonly Engine[];
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  /**
   * Sets up all plugins.
   *
   * @throws {Error} that names the plugin if the plugins do not fit together.
   */
  constructor(options: KernelOptions) {
    const { config, engines, plugins = [] } = options;
    this.#engines = engines;
    const builtIn = builtInSteps(options).map(({ plugin }) => plugin);
    for (const engine of engines) engine.onSpawn((spawn) => this.#hooks.onSpawn.run(spawn));
    for (const plugin of order([...builtIn, ...plugins])) {
      plugin.setup(pluginApi(plugin.name, this.#hooks, config));
    }
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Returns the engine of a level, if this host has one. */
  engine(level: SandboxLevel): Engine | undefined {
    return this.#engines.find((engine) => engine.level === level);
  }

  /**
   * Calls `listener` with resources that sandboxes used and no output contains, when they have
   * ended.
   */
  onIdleUsage(listener: (usage: IdleUsage) => void): void {
    for (const engine of this.#engines) engine.onIdleUsage(listener);
  }

  /**
   * Runs code once. Errors of the code are in the output. Errors of the caller or of this host
   * reject with an `IsolateError`. An abort of `signal` rejects with `Aborted`.
   */
  execute(asked: ExecuteRequest, options: RunOptions = {}): Promise<Output> {
    return this.#tracked(options.tenant?.id, async (span) => {
      const started = performance.now();
      const context = await inSpan("load", {}, () => this.#load(asked, options));
      assertGranted(context.plan);
      const { output, used } = await this.#runWrapped(context, options);
      const formatted = await inSpan("format", {}, () => this.#hooks.onFormat.run(output, context));
      // An output made by a plugin may lack an outcome, whatever its type says.
      const outcome = formatted.outcome ?? (formatted.ok ? "ok" : "exception");
      span.setAttribute("isolate.outcome", outcome);
      const wall = Math.round(performance.now() - started);
      return { ...formatted, outcome, usage: { ...used, wall } };
    });
  }

  /** Runs the job inside the `onExecute` hooks of the plugins. */
  async #runWrapped(
    context: Context,
    { onGranted, readResult }: RunOptions,
  ): Promise<{ readonly output: Output; readonly used: JobUsage }> {
    // A plugin may answer with an older output, whose usage is not the usage of this execution.
    let used: JobUsage = NOT_MEASURED;
    try {
      const output = await this.#hooks.onExecute.run(context, async () => {
        const engine = this.#hooks.onWorker.call().engine(context.level);
        onGranted?.(grantedOf(context));
        const outcome = await engine.execute(jobOf(context), optionsOf(context, readResult));
        const own = toOutput(outcome, engine.level);
        used = own.usage;
        return own;
      });
      return { output, used };
    } finally {
      context.channel?.leave();
    }
  }

  /**
   * Runs work in a span. `close()` waits for it.
   *
   * @throws {ShuttingDown} once `close()` has been called.
   */
  async #tracked<T>(tenant: string = SOLE_TENANT.id, work: (span: Span) => Promise<T>): Promise<T> {
    if (this.#closing) throw new ShuttingDown();
    const running = inSpan("execute", { "isolate.tenant": tenant }, work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * Returns the permissions that a request would be granted and refused. Runs nothing. Rejects as
   * `execute` does.
   */
  async plan(
    asked: ExecuteRequest,
    { tenant }: Pick<RunOptions, "tenant"> = {},
  ): Promise<PublicPlan> {
    const context = await this.#load(asked, { tenant });
    return publicPlan(context, this.#hooks.onWorker.call().engines);
  }

  /** Checks whether `execute` would run a request at all, and rejects as it does. Runs nothing. */
  async check(asked: ExecuteRequest, { tenant }: Pick<RunOptions, "tenant"> = {}): Promise<void> {
    const context = await this.#load(asked, { tenant });
    assertGranted(context.plan);
    if (context.request.reuse === "code") assertReusable(context.tools);
    this.#hooks.onWorker.call().engine(context.level);
  }

  async #load(asked: ExecuteRequest, options: RunOptions): Promise<Context> {
    const { onValidate, onLoad } = this.#hooks;
    const { tenant = SOLE_TENANT, exchange, typeCall, signal } = options;
    const observer = options.observer && contained(options.observer);
    // The guard comes first, and lets only valid requests through.
    const requester = typeCall ? { ...tenant, codeLimit: typeCall.codeLimit } : tenant;
    const request = (await onValidate.run(asked, requester)) as ValidRequest;
    const given = { tenant, observer, exchange, typeCall, signal };
    return onLoad.run(emptyContext(request, given), undefined);
  }

  /** Refuses new work, waits up to `grace` ms for running work, then ends all sandboxes. */
  async close(grace = 0): Promise<void> {
    this.#closing = true;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    await Promise.race([Promise.allSettled(this.#running), patience]);
    clearTimeout(timer);
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

function grantedOf({ level, tools, permissions }: Context): Granted {
  return { level, tools: tools.map(({ name }) => name), permissions };
}
