/** `isolate/types`: the types of the package, and no code. */
export type { Config, PartialConfig } from "../config/config.ts";
export type { Spawn as Process } from "../engines/contract/contract.ts";
export type { Isolate, IsolateOptions, LibraryOutput } from "../isolate.ts";
export type { Findings } from "../permissions/detector.ts";
export type { ExplicitPerms } from "../permissions/normalizer.ts";
export type { Perms, PermsObject } from "../permissions/perms.ts";
export type { PublicPlan } from "../permissions/public-plan.ts";
export type { ApiHook, AsyncHook, SyncHook } from "../plugins/hooks.ts";
export type {
  Context,
  Factory,
  FilterOptions,
  IsolateHooks,
  IsolatePlugin,
  Logger,
  PluginApi,
  Runner,
  SpawnOptions,
  Toolset,
} from "../plugins/plugin.ts";
export type { Tenant } from "../request/tenant.ts";
export type {
  Denial,
  ExecuteRequest,
  ExecuteRequest as Request,
  Level,
  LogEntry,
  LogEntry as Entry,
  Observer,
  OutcomeName,
  Output,
  SandboxLevel,
  Usage,
  ValidRequest,
} from "../request/types.ts";
export type { Registry, Tool, ToolContext, ToolSource } from "../tools/tool.ts";
