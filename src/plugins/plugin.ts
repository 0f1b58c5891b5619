import type { Membership } from "../channels/channels.ts";
import type { Config } from "../config/config.ts";
import type { Engine, JobGrants, Profile, Spawn } from "../engines/contract/contract.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { Perms } from "../permissions/perms.ts";
import type { Plan } from "../permissions/plan.ts";
import type { ToolPermissions } from "../permissions/tool-permissions.ts";
import type { ToolUse } from "../protocol/messages.ts";
import type { Tenant } from "../request/tenant.ts";
import type {
  ExecuteRequest,
  Level,
  LogEntry,
  Observer,
  Output,
  SandboxLevel,
  ValidRequest,
} from "../request/types.ts";
import type { CustomTool } from "../tools/tool.ts";
import { ApiHook, AsyncHook, SyncHook, type Waterfall, WrapHook, type Wrapper } from "./hooks.ts";

/** One execution on its way; plugins replace it by a copy with changes, never change it. */
export interface Context {
  readonly request: ValidRequest;
  /** Whose it is. */
  readonly tenant: Tenant;
  readonly level: SandboxLevel;
  readonly tools: readonly ToolUse[];
  /** Those of `tools` that are not built in. */
  readonly customTools: readonly CustomTool[];
  /** What those of `tools` may reach that reach anything. */
  readonly toolPermissions: readonly ToolPermissions[];
  readonly permissions: Perms;
  /** What becomes of what is asked for, in both layers. */
  readonly plan: Plan;
  /** What the engine is to give; `undefined` if nothing. */
  readonly grants: JobGrants | undefined;
  /** The input as JSON text; `undefined` calls the entry without arguments. */
  readonly input: string | undefined;
  readonly profile: Profile;
  /** Its part in the channels of its tenant, if it uses the tool. */
  readonly channel?: Membership | undefined;
  /** Told of what happens while it runs. */
  readonly observer?: Observer | undefined;
  /** The request that is answered, if it is one. */
  readonly exchange?: HttpExchange | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Where the sandbox plugin's engines are found. */
export interface WorkerApi {
  /** The engine of a level. Throws `EngineUnavailable` where this host has none. */
  engine(level: SandboxLevel): Engine;
  readonly engines: readonly Engine[];
}

/** What tools there are. */
export interface ToolsetApi {
  /**
   * The tools of these names, each once, at a level (default `container`), with what is the tenant's
   * own. Throws `BadRequest` for a name there is not.
   */
  resolve(names: readonly string[], level?: SandboxLevel, tenant?: Tenant): readonly ToolUse[];
}

/** How logs are cut. */
export interface LoggerApi {
  filter(
    logs: readonly LogEntry[],
    options?: { minLevel?: Level; maxEntries?: number },
  ): LogEntry[];
}

/** All hooks of one kernel. */
export class Hooks {
  readonly onValidate = new AsyncHook<ExecuteRequest, Tenant>();
  readonly onLoad = new AsyncHook<Context>();
  readonly onSpawn = new SyncHook<Spawn>();
  readonly onExecute = new WrapHook<Context, Output>();
  readonly onFormat = new AsyncHook<Output, Context>();
  readonly onWorker = new ApiHook<WorkerApi>("onWorker");
  readonly onToolset = new ApiHook<ToolsetApi>("onToolset");
  readonly onLogger = new ApiHook<LoggerApi>("onLogger");
}

/** What a plugin is given to set itself up. */
export interface PluginApi {
  readonly config: Config;
  /** Sees each request and whose it is, may replace it, vetoes it by throwing (`Veto` answers 403). */
  readonly onValidate: { tap(each: Waterfall<ExecuteRequest, Tenant>): void };
  /** Sees each execution before it starts and may replace its context. */
  readonly onLoad: { tap(each: Waterfall<Context, undefined>): void };
  /** Told of each sandbox that has been started. */
  readonly onSpawn: { tap(each: (spawn: Spawn) => void): void };
  /** Wraps the execution itself: `(context, next) => …`. */
  readonly onExecute: { tap(wrapper: Wrapper<Context, Output>): void };
  /** Sees each output and may replace it. */
  readonly onFormat: { tap(each: Waterfall<Output, Context>): void };
  readonly onWorker: ApiHook<WorkerApi>;
  readonly onToolset: ApiHook<ToolsetApi>;
  readonly onLogger: ApiHook<LoggerApi>;
}

/** A piece of the kernel. */
export interface IsolatePlugin {
  readonly name: string;
  /** Names of the plugins that come before this one. */
  readonly required?: readonly string[];
  setup(api: PluginApi): void;
}
