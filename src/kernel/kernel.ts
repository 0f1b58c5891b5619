import type { Span } from "@opentelemetry/api";
import { Aborted, BadRequest, ShuttingDown } from "../base/errors.ts";
import { inSpan } from "../base/tracing.ts";
import type { Config } from "../config/config.ts";
import type { Engine, IdleUsage, ReadResult } from "../engines/contract/contract.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { CallLine } from "../engines/contract/lines.ts";
import type { TypeCall } from "../engines/contract/type-call.ts";
import { assertReusable } from "../engines/run/reuse.ts";
import { assertGranted } from "../permissions/plan.ts";
import type { PublicPlan } from "../permissions/public-plan.ts";
import { setUp } from "../plugins/api.ts";
import { assertCallable } from "../plugins/assert-callable.ts";
import { jobOf, optionsOf, outputOf, sessionKey } from "../plugins/engine-job.ts";
import { PackageService } from "../plugins/package-service.ts";
import { type Context, type DeployedCode, Hooks, type Host } from "../plugins/plugin.ts";
import { publicPlan } from "../plugins/public-plan.ts";
import { type Granted, RunAccount } from "../plugins/run-account.ts";
import type { SecretValues } from "../request/secret-values.ts";
import type { SessionTimes } from "../request/session-request.ts";
import { SOLE_TENANT, type Tenant } from "../request/tenant.ts";
import type {
  ExecuteRequest,
  Observer,
  Output,
  SandboxLevel,
  ValidRequest,
} from "../request/types.ts";
import { emptyContext } from "./empty-context.ts";
import { contained } from "./observer.ts";
import { masked, maskedCalls, openSecrets } from "./secrets.ts";
import { Session } from "./session.ts";
import { pluginsOf, type StepOptions } from "./steps.ts";

export interface KernelOptions extends StepOptions, Host {
  readonly config: Config;
  /** Opens secrets of tenants. Default: there are none. */
  readonly secretValues?: SecretValues | undefined;
  /** Throws for a URL at which this host cannot call functions. Default: it can at none. */
  readonly checkEndpoint?: ((url: string) => void) | undefined;
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
  /** True if this host has made the code of files and packages. Default false. */
  readonly isBundle?: boolean | undefined;
  /** Differences of a resource type's call. Default: it is none. */
  readonly typeCall?: TypeCall | undefined;
  /**
   * Reads a large result, so that the output has it as `JsonText`. Default: the output has the
   * value.
   */
  readonly readResult?: ReadResult | undefined;
  /** Id of the execution, for the audit log. Default: none. */
  readonly id?: string | undefined;
  /** Facts about deployed code. Default: the code comes with the request. */
  readonly deployed?: DeployedCode | undefined;
  /** Calls of the code to functions of its caller. Without it, a request that declares any is refused. */
  readonly calls?: CallLine | undefined;
  /** JSON text of an argument that the entry gets after its input. Default: none. */
  readonly callContext?: string | undefined;
  /** Session in which it runs, by `Session.use()`. Default: a sandbox of its own. */
  readonly session?: Session | undefined;
  /** Receives the source map of code that was bundled with packages. */
  readonly onSourceMap?: ((map: string) => void) | undefined;
  /**
   * Receives the permissions once the execution is certain to run, before it waits for a sandbox.
   */
  readonly onGranted?: ((granted: Granted) => void) | undefined;
}

export type { Granted } from "../plugins/run-account.ts";

/** Runs all executions: those of the library, the server, functions, jobs and resource types. */
export class Kernel {
  readonly #hooks = new Hooks();
  readonly #engines: readonly Engine[];
  readonly #secretValues: SecretValues | undefined;
  readonly #checkEndpoint: (url: string) => void;
  /** Packages of executions and deployments. */
  readonly packages: PackageService;
  /** Resolves when all plugins are set up; absent if they are. */
  readonly #ready: Promise<void> | undefined;
  readonly #running = new Set<Promise<unknown>>();
  readonly #sessions = new Set<Session>();
  #closing = false;

  /**
   * Sets up all plugins.
   *
   * @throws {Error} that names the plugin if its setup throws or the plugins do not fit together.
   */
  constructor(options: KernelOptions) {
    const { config, engines, tools, schemas, packages, channels } = options;
    this.packages = packages ?? PackageService.none();
    const host = { engines, tools, schemas, packages: this.packages, channels };
    this.#engines = engines;
    this.#secretValues = options.secretValues;
    this.#checkEndpoint = options.checkEndpoint ?? refuseEndpoint;
    for (const engine of engines) engine.onSpawn((process) => this.#hooks.onSpawn.run(process));
    this.#ready = setUp(pluginsOf(options), { hooks: this.#hooks, config, host });
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

  /** Ends the sandboxes that are kept for further executions of a tenant. */
  endIdle(tenant: string): void {
    for (const engine of this.#engines) engine.endIdle(tenant);
  }

  /**
   * Runs code once. Errors of the code are in the output. Errors of the caller or of this host
   * reject with an `IsolateError`. An abort of `signal` rejects with `Aborted`.
   */
  execute(asked: ExecuteRequest, options: RunOptions = {}): Promise<Output> {
    return this.#tracked(options.tenant?.id, async (span) => {
      const started = performance.now();
      const loading = inSpan("load", {}, () => this.#loadGranted(asked, options));
      const context = await loading.catch((error: unknown) => {
        throw options.session?.refusal(error) ?? error;
      });
      assertCallable(context);
      await options.session?.assertSame(sessionKey(context));
      const whole = context.packages ? await this.#withPackages(context) : context;
      const output = await this.#runWrapped(whole, started, options.readResult);
      const formatted = await inSpan("format", {}, () => this.#hooks.onFormat.run(output, context));
      // An output made by a plugin may lack an outcome, whatever its type says.
      const outcome = formatted.outcome ?? (formatted.ok ? "ok" : "exception");
      span.setAttribute("isolate.outcome", outcome);
      const wall = millisecondsSince(started);
      // A plugin may answer with an older output, whose usage is not the usage of this execution.
      return { ...formatted, outcome, usage: { ...context.account.used, wall } };
    });
  }

  /**
   * Leases a sandbox for the executions of a session, which have the request in common. Rejects as
   * `execute()` does.
   */
  openSession(
    asked: Omit<ExecuteRequest, "code">,
    { idle, max, ...options }: SessionTimes & Pick<RunOptions, "tenant" | "signal">,
  ): Promise<Session> {
    return this.#tracked(options.tenant?.id, async () => {
      const request = { ...asked, reuse: "never" as const };
      const context = await this.#loadGranted({ ...request, code: "" }, options);
      context.channel?.leave();
      assertReusable(context.tools);
      const { level, profile, tenant, permissions, grants } = context;
      const { queueTimeout } = context.request;
      const worker = grants && { worker: grants.worker };
      const leased = { profile, queueTimeout, tenant: tenant.id, ...worker };
      const engine = await this.#hooks.onWorker.call().engine(level).openSession(leased);
      const key = sessionKey(context);
      const session = new Session({ engine, request, key, permissions, idle, max });
      this.#sessions.add(session);
      void engine.ended.then(() => this.#sessions.delete(session));
      return session;
    });
  }

  /** Brings packages to the code of an execution, before its time begins. */
  async #withPackages(loaded: Context): Promise<Context> {
    try {
      return await inSpan("packages", {}, () => this.packages.bring(loaded));
    } catch (error) {
      loaded.channel?.leave();
      throw error;
    }
  }

  /** Runs the job inside the `onExecute` hooks of the plugins. */
  async #runWrapped(
    loaded: Context,
    started: number,
    readResult: ReadResult | undefined,
  ): Promise<Output> {
    try {
      return await this.#hooks.onExecute.run(loaded, async (context) => {
        const engine = this.#hooks.onWorker.call().engine(context.level);
        return context.account.run(context, async () => {
          const outcome = await engine.execute(jobOf(context), optionsOf(context, readResult));
          return outputOf(outcome, engine.level, context);
        });
      });
    } catch (error) {
      if (error instanceof Aborted) loaded.account.tell(error, millisecondsSince(started));
      throw error;
    } finally {
      loaded.channel?.leave();
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
    options: Pick<RunOptions, "tenant" | "isBundle"> = {},
  ): Promise<PublicPlan> {
    const context = await this.#load(asked, options);
    const lock = await this.packages.lock(context);
    return publicPlan(context, this.#hooks.onWorker.call().engines, lock);
  }

  /**
   * Checks whether `execute` would run a request at all, and rejects as it does. Runs nothing. With
   * `isAnswered`, somebody will answer calls to its functions.
   */
  async check(
    asked: ExecuteRequest,
    options: Pick<RunOptions, "tenant" | "isBundle" | "deployed"> & {
      readonly isAnswered?: boolean;
    } = {},
  ): Promise<void> {
    const context = await this.#load(asked, options);
    assertGranted(context.plan);
    assertCallable(context, options.isAnswered);
    if (context.request.reuse === "code") assertReusable(context.tools);
    this.#hooks.onWorker.call().engine(context.level);
  }

  async #loadGranted(asked: ExecuteRequest, options: RunOptions): Promise<Context> {
    const context = await this.#load(asked, options);
    assertGranted(context.plan);
    return context;
  }

  async #load(asked: ExecuteRequest, options: RunOptions): Promise<Context> {
    const { onValidate, onLoad } = this.#hooks;
    const { tenant = SOLE_TENANT, typeCall, isBundle, deployed, signal } = options;
    const { onGranted, onSourceMap, callContext, id, session } = options;
    if (this.#ready !== undefined) await this.#ready;
    // The guard comes first, and lets only valid requests through.
    const ownLimit = isBundle ? { isBundle } : typeCall && { codeLimit: typeCall.codeLimit };
    const requester = ownLimit ? { ...tenant, ...ownLimit } : tenant;
    const request = (await onValidate.run(asked, requester)) as ValidRequest;
    if (request.functionsEndpoint !== undefined) this.#checkEndpoint(request.functionsEndpoint);
    const account = new RunAccount({ onGranted, onSourceMap, lockHash: deployed?.lockHash, id });
    const secrets = await openSecrets(request, tenant, this.#secretValues);
    const observer = options.observer && contained(options.observer, secrets?.redactor);
    const exchange = options.exchange && masked(options.exchange, secrets?.redactor);
    const calls = options.calls && maskedCalls(options.calls, secrets?.redactor);
    const about = { exchange, typeCall, deployed, callContext, calls };
    const given = {
      tenant,
      observer,
      ...about,
      signal,
      account,
      secrets,
      session: session?.engine,
    };
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
    for (const session of this.#sessions) void session.end("shutdown");
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

function refuseEndpoint(): never {
  throw new BadRequest("functionsEndpoint", "functionsEndpoint: Only a server can call it");
}

function millisecondsSince(started: number): number {
  return Math.round(performance.now() - started);
}
