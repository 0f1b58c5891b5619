import type { ChannelRouter, Membership } from "../channels/channels.ts";
import type { Config } from "../config/config.ts";
import type {
  Engine,
  EngineSession,
  JobGrants,
  Profile,
  Spawn,
} from "../engines/contract/contract.ts";
import type { HttpExchange } from "../engines/contract/http-delivery.ts";
import type { CallLine } from "../engines/contract/lines.ts";
import type { TypeCall } from "../engines/contract/type-call.ts";
import type { Perms, PermsObject } from "../permissions/perms.ts";
import type { Plan } from "../permissions/plan.ts";
import type { ToolPermissions } from "../permissions/tool-permissions.ts";
import type { JobFiles } from "../protocol/exchanged-files.ts";
import type { ToolUse } from "../protocol/messages.ts";
import type { Redactor } from "../redaction/redactor.ts";
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
import type { SchemaBundle } from "../tools/load-schemas.ts";
import type { CustomTool, Registry, Tool } from "../tools/tool.ts";
import {
  ApiHook,
  AsyncHook,
  type Awaitable,
  type Offer,
  SyncHook,
  type Waterfall,
  WrapHook,
} from "./hooks.ts";
import type { PackageService, PackageUse } from "./package-service.ts";
import type { RunAccount } from "./run-account.ts";

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
  /** Tells which permissions would be granted, by the same rules. */
  readonly grantable?: ((permissions: PermsObject) => boolean) | undefined;
  /** Tells whether its owner has a database. */
  readonly hasDatabase?: (() => boolean) | undefined;
  /** Grants for the engine; `undefined` if there are none. */
  readonly grants: JobGrants | undefined;
  /** Input as text of `writeInput()`, mostly JSON; `undefined` calls the entry without arguments. */
  readonly input: string | undefined;
  /** JSON text of an argument after the input, if a schedule has made the call. */
  readonly callContext?: string | undefined;
  readonly profile: Profile;
  /** Files that it is given, and artifacts that it is asked for. Absent if there are neither. */
  readonly files?: JobFiles | undefined;
  /** Membership in the channels of its tenant, if it uses the tool. */
  readonly channel?: Membership | undefined;
  /** Calls to functions of its caller, if it has any. */
  readonly calls?: CallLine | undefined;
  /** Receives events while it runs. */
  readonly observer?: Observer | undefined;
  /** Packages that its code uses, if there are any. */
  readonly packages: PackageUse | undefined;
  /** Facts about deployed code, which has its packages in it. Absent for other code. */
  readonly deployed?: DeployedCode | undefined;
  /** HTTP request that it answers, if there is one. */
  readonly exchange?: HttpExchange | undefined;
  /** Differences of a resource type's call, if it is one. */
  readonly typeCall?: TypeCall | undefined;
  readonly signal: AbortSignal | undefined;
  /** Session in which it runs. Default: a sandbox of its own. */
  readonly session?: EngineSession | undefined;
  /** Secrets that its request names, with their values. Absent if it names none. */
  readonly secrets?: OpenedSecrets | undefined;
  /** Account of the jobs that run for it. */
  readonly account: RunAccount;
}

/** Secrets of one execution. */
export interface OpenedSecrets {
  /** Name → value. */
  readonly values: ReadonlyMap<string, string>;
  /** Masks the values in everything that the execution answers. */
  readonly redactor: Redactor;
}

/** Facts about the code of a deployed function. */
export interface DeployedCode {
  /** Hash of the lock of its packages, if they are known. */
  readonly lockHash?: string | undefined;
}

/** Owner of a request, in the form that its checks receive. */
export interface Requester extends Tenant {
  /**
   * Most bytes of the code, in place of the limits of host and tenant. For code of resource types,
   * which was limited when it was kept.
   */
  readonly codeLimit?: number | undefined;
  /** True if this host has made the code of files and packages. Then the limit of bundles applies. */
  readonly isBundle?: boolean | undefined;
}

/** A sandbox that has been started: `id`, `level`, `profile` and `kill()`. */
export type Process = Spawn;

/** Properties of a sandbox to start. A context has them. Default: those of the settings. */
export interface SpawnOptions {
  readonly level?: SandboxLevel;
  readonly profile?: Profile;
  /** Tenant whose share of the sandboxes it counts for. Default: the host's only one. */
  readonly tenant?: Tenant;
}

/** Runs a loaded execution in its process, and resolves with the output. */
export type Runner = (context: Context) => Promise<Output>;

/** Access to the engines of the sandbox plugin, and to single sandboxes. */
export interface Factory {
  /**
   * Takes a sandbox, a warm one if there is one. It belongs to the caller until `kill()`, or until it
   * has run a job. Rejects as `execute()` does if none becomes free within `config.queueTimeout` ms.
   */
  spawn(options?: SpawnOptions): Promise<Process>;
  /**
   * Returns a function that runs one execution in a process of `spawn()`, within `timeout` ms. The
   * process ends with it.
   */
  runner(process: Process, timeout: number): Runner;
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
export interface Toolset {
  /** Lists all tools: the built-in ones, then those of this host. */
  tools(): Tool[];
  /** Returns the same tools by their names. */
  registry(): Registry;
  /** Sets up tools on `globals`, one after the other. Returns a promise if one of them does. */
  setup(tools: readonly Tool[], globals: Record<string, unknown>): void | Promise<void>;
  /**
   * Returns the tools of these names, each once, for a level (default `container`), with the
   * tenant's own settings.
   *
   * @throws {BadRequest} for an unknown name.
   */
  resolve(names: readonly string[], level?: SandboxLevel, tenant?: Tenant): readonly ToolUse[];
}

export interface FilterOptions {
  /** Least level that is kept. Default `log`. */
  readonly minLevel?: Level;
  /** Most entries that are kept, beside exceptions. Default: all. */
  readonly maxEntries?: number;
}

/** Filters log entries. Those of an answer are what the filter of the last `onLogger` leaves. */
export interface Logger {
  filter(logs: readonly LogEntry[], options?: FilterOptions): LogEntry[];
}

/** Hooks of one kernel. */
export class Hooks {
  readonly onValidate = new AsyncHook<ExecuteRequest, Requester>();
  readonly onLoad = new AsyncHook<Context>();
  readonly onSpawn = new SyncHook<Process>();
  readonly onExecute = new WrapHook<Context, Output>();
  readonly onFormat = new AsyncHook<Output, Context>();
  readonly onWorker = new ApiHook<Factory>("onWorker");
  readonly onToolset = new ApiHook<Toolset>("onToolset");
  readonly onLogger = new ApiHook<Logger>("onLogger");
}

/**
 * A function tapped into `onExecute`. An output that it returns is the answer. Nothing, or a context,
 * means "go on", unless `next()` has gone on already.
 */
export type ExecuteTap = (
  context: Context,
  next: (changed?: Context) => Promise<Output>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is welcome
) => Awaitable<Output | Context | undefined | void>;

/** Hooks that a plugin may tap. */
export interface IsolateHooks {
  /**
   * Receives each request and its tenant. May replace the request, or refuse it by throwing (`Veto`
   * answers 403).
   */
  readonly onValidate: { tap(each: Waterfall<ExecuteRequest, Requester>): void };
  /** Receives each execution before it starts, and may replace its context. */
  readonly onLoad: { tap(each: Waterfall<Context, undefined>): void };
  /** Receives each sandbox that has been started, and may end it. */
  readonly onSpawn: { tap(each: (process: Process) => void): void };
  /** Wraps the execution itself: `(context, next) => …`. */
  readonly onExecute: { tap(each: ExecuteTap): void };
  /** Receives each output, and may replace it. */
  readonly onFormat: { tap(each: Waterfall<Output, Context>): void };
  readonly onWorker: Offer<Factory>;
  readonly onToolset: Offer<Toolset>;
  readonly onLogger: Offer<Logger>;
}

/** Parts of a kernel that its built-in plugins work with. */
export interface Host {
  /** Engines, one for each level that can run here. */
  readonly engines: readonly Engine[];
  /** Custom tools, as `loadTools()` returns them. */
  readonly tools?: readonly CustomTool[] | undefined;
  /** Tables of the database, as `loadSchemas()` returns them. */
  readonly schemas?: SchemaBundle | undefined;
  /** Packages from a registry. Absent: there is none. */
  readonly packages?: PackageService | undefined;
  /** Channels of all tenants, which may lead to other hosts. Default: those of this kernel alone. */
  readonly channels?: ChannelRouter | undefined;
}

/** API that a plugin receives for its setup. */
export interface PluginApi extends IsolateHooks {
  readonly config: Config;
  readonly host: Host;
}

/** A plugin of the kernel, built-in or your own. */
export interface IsolatePlugin {
  readonly name: string;
  /** Names of the plugins that come before this one. */
  readonly required?: readonly string[];
  setup(api: PluginApi): void | Promise<void>;
}
