import type { Membership } from "../channels/channels.ts";
import type { Config } from "../config/config.ts";
import type { Engine, JobGrants, Profile, Spawn } from "../engines/contract/contract.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { TypeCall } from "../engines/contract/type-call.ts";
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

/**
 * One execution in progress. Plugins replace it by a changed copy, and never change it in place.
 */
export interface Context {
  readonly request: ValidRequest;
  /** Owner of the execution. */
  readonly tenant: Tenant;
  readonly level: SandboxLevel;
  readonly tools: readonly ToolUse[];
  /** Custom tools among `tools`. */
  readonly customTools: readonly CustomTool[];
  /** Permissions of the tools that need any. */
  readonly toolPermissions: readonly ToolPermissions[];
  readonly permissions: Perms;
  /** Granted and refused permissions, in both layers. */
  readonly plan: Plan;
  /** Grants for the engine; `undefined` if there are none. */
  readonly grants: JobGrants | undefined;
  /** Input as text of `writeInput()`, mostly JSON; `undefined` calls the entry without arguments. */
  readonly input: string | undefined;
  readonly profile: Profile;
  /** Membership in the channels of its tenant, if it uses the tool. */
  readonly channel?: Membership | undefined;
  /** Receives events while it runs. */
  readonly observer?: Observer | undefined;
  /** HTTP request that it answers, if there is one. */
  readonly exchange?: HttpExchange | undefined;
  /** Differences of a resource type's call, if it is one. */
  readonly typeCall?: TypeCall | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Owner of a request, in the form that its checks receive. */
export interface Requester extends Tenant {
  /**
   * Most bytes of the code, in place of the limits of host and tenant. For code of resource types,
   * which was limited when it was kept.
   */
  readonly codeLimit?: number | undefined;
}

/** Access to the engines of the sandbox plugin. */
export interface WorkerApi {
  /**
   * Returns the engine of a level.
   *
   * @throws {EngineUnavailable} if this host has none.
   * @throws {BadRequest} for level `none` if it is not offered.
   */
  engine(level: SandboxLevel): Engine;
  readonly engines: readonly Engine[];
}

/** Access to the tools. */
export interface ToolsetApi {
  /**
   * Returns the tools of these names, each once, for a level (default `container`), with the
   * tenant's own settings.
   *
   * @throws {BadRequest} for an unknown name.
   */
  resolve(names: readonly string[], level?: SandboxLevel, tenant?: Tenant): readonly ToolUse[];
}

/** Filters logs by level and number of entries. */
export interface LoggerApi {
  filter(
    logs: readonly LogEntry[],
    options?: { minLevel?: Level; maxEntries?: number },
  ): LogEntry[];
}

/** Hooks of one kernel. */
export class Hooks {
  readonly onValidate = new AsyncHook<ExecuteRequest, Requester>();
  readonly onLoad = new AsyncHook<Context>();
  readonly onSpawn = new SyncHook<Spawn>();
  readonly onExecute = new WrapHook<Context, Output>();
  readonly onFormat = new AsyncHook<Output, Context>();
  readonly onWorker = new ApiHook<WorkerApi>("onWorker");
  readonly onToolset = new ApiHook<ToolsetApi>("onToolset");
  readonly onLogger = new ApiHook<LoggerApi>("onLogger");
}

/** API that a plugin receives for its setup. */
export interface PluginApi {
  readonly config: Config;
  /**
   * Receives each request and its tenant. May replace the request, or refuse it by throwing (`Veto`
   * answers 403).
   */
  readonly onValidate: { tap(each: Waterfall<ExecuteRequest, Requester>): void };
  /** Receives each execution before it starts, and may replace its context. */
  readonly onLoad: { tap(each: Waterfall<Context, undefined>): void };
  /** Receives each sandbox that has been started. */
  readonly onSpawn: { tap(each: (spawn: Spawn) => void): void };
  /** Wraps the execution itself: `(context, next) => …`. */
  readonly onExecute: { tap(wrapper: Wrapper<Context, Output>): void };
  /** Receives each output, and may replace it. */
  readonly onFormat: { tap(each: Waterfall<Output, Context>): void };
  readonly onWorker: ApiHook<WorkerApi>;
  readonly onToolset: ApiHook<ToolsetApi>;
  readonly onLogger: ApiHook<LoggerApi>;
}

/** A plugin of the kernel, built-in or your own. */
export interface IsolatePlugin {
  readonly name: string;
  /** Names of the plugins that come before this one. */
  readonly required?: readonly string[];
  setup(api: PluginApi): void;
}
