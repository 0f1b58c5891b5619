import { EngineUnavailable, ShuttingDown } from "../base/errors.ts";
import { inSpan } from "../base/tracing.ts";
import type { Config } from "../config/config.ts";
import type {
  Engine,
  ExecuteOptions,
  IdleUsage,
  Job,
  JobUsage,
  Outcome,
  ReadResult,
} from "../engines/contract/contract.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import { NOT_MEASURED, outcomeName } from "../engines/explain/outcome.ts";
import { assertReusable } from "../engines/run/reuse.ts";
import type { Perms } from "../permissions/perms.ts";
import { assertGranted, plan } from "../permissions/plan.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import { pluginApi } from "../plugins/api.ts";
import { ChannelPlugin } from "../plugins/channel.ts";
import { ClusterPlugin } from "../plugins/cluster.ts";
import { GuardPlugin } from "../plugins/guard.ts";
import { LoaderPlugin } from "../plugins/loader.ts";
import { LoggerPlugin } from "../plugins/logger.ts";
import { order } from "../plugins/order.ts";
import { PermissionPlugin } from "../plugins/permission.ts";
import { type Context, Hooks, type IsolatePlugin } from "../plugins/plugin.ts";
import { publicPlan } from "../plugins/public-plan.ts";
import { runInSandbox, SandboxPlugin } from "../plugins/sandbox.ts";
import { ToolsetPlugin } from "../plugins/toolset.ts";
import { SOLE_TENANT, type Tenant } from "../request/tenant.ts";
import type {
  ExecuteRequest,
  Observer,
  Output,
  SandboxLevel,
  ValidRequest,
} from "../request/types.ts";
import type { SchemaBundle } from "../tools/load-schemas.ts";
import type { CustomTool } from "../tools/tool.ts";
import { contained } from "./observer.ts";

export interface KernelOptions {
  readonly config: Config;
  /** One for each level that can run here. */
  readonly engines: readonly Engine[];
  /** Whether to keep sandboxes warm. Default true. */
  readonly useCluster?: boolean;
  /** Your own, after the built-in ones they may require by name. */
  readonly plugins?: readonly IsolatePlugin[];
  /** Custom tools, as `loadTools()` gives them. */
  readonly tools?: readonly CustomTool[];
  /** Tables of the database, as `loadSchemas()` gives them. */
  readonly schemas?: SchemaBundle;
}

export interface RunOptions {
  /** Destroys the sandbox once aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Whose execution it is. Default: the only one of a host that knows none. */
  readonly tenant?: Tenant | undefined;
  /** Told of what happens while it runs. Default: nobody. */
  readonly observer?: Observer | undefined;
  /** The request the entry answers, in place of an input. The output then has no result. */
  readonly exchange?: HttpExchange | undefined;
  /** Reads a large result, which the output then has as `JsonText`. Default: it is a value. */
  readonly readResult?: ReadResult | undefined;
  /** Told what it is granted, once it is sure to run and before it waits for a sandbox. */
  readonly onGranted?: ((granted: Granted) => void) | undefined;
}

/** What an execution runs with. */
export interface Granted {
  readonly level: SandboxLevel;
  /** Names of its tools. */
  readonly tools: readonly string[];
  /** What its request and its tools ask for, united. */
  readonly permissions: Perms;
}

/** The one path everything takes that runs, whoever brought it in; plugins do all there is to do for requests. */
export class Kernel {
  readonly #hooks = new Hooks();
  readonly #engines: readonly Engine[];
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  /** Throws an Error that names the plugin if the plugins do not fit together. */
  constructor(options: KernelOptions) {
    const { config, engines, useCluster = true, plugins = [], tools = [], schemas } = options;
    this.#engines = engines;
    const all = [
      GuardPlugin,
      ToolsetPlugin(tools, schemas),
      LoaderPlugin,
      PermissionPlugin,
      SandboxPlugin(engines),
      ChannelPlugin(),
      ...(useCluster ? [ClusterPlugin] : []),
      LoggerPlugin,
      ...plugins,
    ];
    for (const engine of engines) engine.onSpawn((spawn) => this.#hooks.onSpawn.run(spawn));
    for (const plugin of order(all)) plugin.setup(pluginApi(plugin.name, this.#hooks, config));
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** The engine of a level, if this host has one. */
  engine(level: SandboxLevel): Engine | undefined {
    return this.#engines.find((engine) => engine.level === level);
  }

  /** Has `listener` told of what sandboxes took that no output tells of, once they have ended. */
  onIdleUsage(listener: (usage: IdleUsage) => void): void {
    for (const engine of this.#engines) engine.onIdleUsage(listener);
  }

  /**
   * Runs code once. What the code does wrong is in the output; what the caller or this host does
   * wrong rejects with an `IsolateError`, an abort of `signal` with `Aborted`.
   */
  execute(request: ExecuteRequest, options: RunOptions = {}): Promise<Output> {
    return this.#counted(() => this.#execute(request, options));
  }

  /**
   * Runs a job that no request asks for, as a resource type's is: no plugin is told. It is refused while the
   * kernel closes, waited for, and a span, as an execution is. Rejects as the engine does, and with
   * `EngineUnavailable` if this host does not have the level.
   */
  runJob(level: SandboxLevel, job: Job, options: ExecuteOptions): Promise<Outcome> {
    const { tenant = SOLE_TENANT.id } = options;
    return this.#counted(() =>
      inSpan("execute", { "isolate.tenant": tenant }, async (span) => {
        const engine = this.engine(level);
        if (engine === undefined) throw new EngineUnavailable(`This host has no level "${level}"`);
        const outcome = await engine.execute(job, options);
        span.setAttribute("isolate.outcome", outcomeName(outcome));
        return outcome;
      }),
    );
  }

  /** Has `close()` wait for some work. Rejects with `ShuttingDown` once that has been called. */
  async #counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new ShuttingDown();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** What a request would be granted, and what not; nothing is run. Rejects as `execute` does. */
  async plan(
    asked: ExecuteRequest,
    { tenant }: Pick<RunOptions, "tenant"> = {},
  ): Promise<PublicPlan> {
    const context = await this.#load(asked, { tenant });
    return publicPlan(context, this.#hooks.onWorker.call().engines);
  }

  /** Rejects as `execute` does for what it would not run at all; nothing is run. */
  async check(asked: ExecuteRequest, { tenant }: Pick<RunOptions, "tenant"> = {}): Promise<void> {
    const context = await this.#load(asked, { tenant });
    assertGranted(context.plan);
    if (context.request.reuse === "code") assertReusable(context.tools);
    this.#hooks.onWorker.call().engine(context.level);
  }

  async #load(asked: ExecuteRequest, options: RunOptions): Promise<Context> {
    const { onValidate, onLoad } = this.#hooks;
    const { tenant = SOLE_TENANT, exchange, signal } = options;
    const observer = options.observer && contained(options.observer);
    // The guard comes first, and lets through nothing else.
    const request = (await onValidate.run(asked, tenant)) as ValidRequest;
    return onLoad.run(contextOf(request, { tenant, observer, exchange, signal }), undefined);
  }

  #execute(asked: ExecuteRequest, options: RunOptions): Promise<Output> {
    const { tenant = SOLE_TENANT } = options;
    return inSpan("execute", { "isolate.tenant": tenant.id }, async (span) => {
      const output = await this.#executeOnce(asked, options);
      span.setAttribute("isolate.outcome", output.outcome);
      return output;
    });
  }

  async #executeOnce(asked: ExecuteRequest, options: RunOptions): Promise<Output> {
    const { onExecute, onFormat, onWorker } = this.#hooks;
    const started = performance.now();
    const context = await inSpan("load", {}, () => this.#load(asked, options));
    let used: JobUsage = NOT_MEASURED;
    const output = await onExecute.run(context, async () => {
      const engine = onWorker.call().engine(context.level);
      options.onGranted?.(grantedOf(context));
      const own = await runInSandbox(engine, context, options.readResult);
      used = own.usage;
      return own;
    });
    const formatted = await inSpan("format", {}, () => onFormat.run(output, context));
    const wall = Math.round(performance.now() - started);
    // A plugin may answer with an older output: what that took is not what this execution took.
    const usage = { ...used, wall };
    // Whatever its type says, a plugin's own output may have no outcome.
    const outcome = formatted.outcome ?? (formatted.ok ? "ok" : "exception");
    return { ...formatted, outcome, usage };
  }

  /** Refuses new work, waits up to `grace` ms for what runs, then ends every sandbox. */
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

const NOBODY = { mounts: {}, env: [], wildcards: false, isolatedNet: false, strict: false };
const UNPLANNED = plan({ level: "container", requested: "none", tools: [], operator: NOBODY });

/** An execution before any plugin has loaded it: it is granted nothing. */
function contextOf(
  request: ValidRequest,
  {
    tenant,
    observer,
    exchange,
    signal,
  }: Pick<Context, "tenant" | "observer" | "exchange" | "signal">,
): Context {
  // Written out: plugins copy it again and again, which is slow for objects of another making.
  return {
    request,
    tenant,
    observer,
    exchange,
    signal,
    level: request.sandbox,
    tools: [],
    customTools: [],
    toolPermissions: [],
    permissions: "none",
    plan: UNPLANNED,
    grants: undefined,
    input: undefined,
    profile: { memory: request.memory, cpus: 1 },
  };
}
