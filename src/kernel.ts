import type { Config } from "./config.ts";
import type { Engine } from "./engines/engine.ts";
import { ShuttingDown } from "./errors.ts";
import { plan } from "./permissions/plan.ts";
import { type PublicPlan, publicPlan } from "./permissions/public-plan.ts";
import { pluginApi } from "./plugins/api.ts";
import { ChannelPlugin } from "./plugins/channel.ts";
import { ClusterPlugin } from "./plugins/cluster.ts";
import { GuardPlugin } from "./plugins/guard.ts";
import { LoaderPlugin } from "./plugins/loader.ts";
import { LoggerPlugin } from "./plugins/logger.ts";
import { order } from "./plugins/order.ts";
import { PermissionPlugin } from "./plugins/permission.ts";
import { type Context, Hooks, type IsolatePlugin, type ValidRequest } from "./plugins/plugin.ts";
import { runInSandbox, SandboxPlugin } from "./plugins/sandbox.ts";
import { ToolsetPlugin } from "./plugins/toolset.ts";
import type { SchemaBundle } from "./tools/database/load-schemas.ts";
import type { CustomTool } from "./tools/tool.ts";
import type { ExecuteRequest, Output, SandboxLevel } from "./types.ts";

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

/** The one path every request takes, whoever brought it in; plugins do all there is to do on it. */
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

  /**
   * Runs code once. What the code does wrong is in the output; what the caller or this host does
   * wrong rejects with an `IsolateError`. An abort of `signal` destroys the sandbox.
   */
  async execute(request: ExecuteRequest, signal?: AbortSignal): Promise<Output> {
    if (this.#closing) throw new ShuttingDown();
    const execution = this.#execute(request, signal);
    this.#running.add(execution);
    try {
      return await execution;
    } finally {
      this.#running.delete(execution);
    }
  }

  /** What a request would be granted, and what not; nothing is run. Rejects as `execute` does. */
  async plan(asked: ExecuteRequest): Promise<PublicPlan> {
    const context = await this.#load(asked, undefined);
    return publicPlan(context, this.#hooks.onWorker.call().engines);
  }

  async #load(asked: ExecuteRequest, signal: AbortSignal | undefined): Promise<Context> {
    const { onValidate, onLoad } = this.#hooks;
    // The guard comes first, and lets through nothing else.
    const request = (await onValidate.run(asked, undefined)) as ValidRequest;
    return onLoad.run(contextOf(request, signal), undefined);
  }

  async #execute(asked: ExecuteRequest, signal: AbortSignal | undefined): Promise<Output> {
    const { onExecute, onFormat, onWorker } = this.#hooks;
    const context = await this.#load(asked, signal);
    const output = await onExecute.run(context, async () =>
      runInSandbox(onWorker.call().engine(context.level), context),
    );
    return onFormat.run(output, context);
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

const NOBODY = { mounts: {}, env: [], wildcards: false, isolatedNet: false, strict: false };
const UNPLANNED = plan({ level: "container", requested: "none", tools: [], operator: NOBODY });

/** An execution before any plugin has loaded it: it is granted nothing. */
function contextOf(request: ValidRequest, signal: AbortSignal | undefined): Context {
  return {
    request,
    level: request.sandbox,
    tools: [],
    customTools: [],
    toolPermissions: [],
    permissions: "none",
    plan: UNPLANNED,
    grants: undefined,
    input: undefined,
    profile: { memory: request.memory, cpus: 1 },
    signal,
  };
}
