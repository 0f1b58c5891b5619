export {
  Aborted,
  BadRequest,
  EgressUnavailable,
  EngineUnavailable,
  HostBusy,
  IsolateError,
  PayloadTooLarge,
  PermissionError,
  PluginError,
  RegistryFailed,
  RegistryUnavailable,
  SessionBusy,
  SessionEnded,
  ShuttingDown,
  TenantBusy,
  TenantLimit,
  ToolError,
  Veto,
} from "./base/errors.ts";
export { inject, provide, reset } from "./common/inject.ts";
export { lazy } from "./common/lazy.ts";
export { proxy } from "./common/proxy.ts";
export { type Config, config, type PartialConfig } from "./config/config.ts";
export { DEFAULT_CONFIG } from "./config/default-config.ts";
export {
  create,
  createIsolate,
  type Exception,
  type Isolate,
  type IsolateOptions,
  type IsolateSession,
  type LibraryOutput,
} from "./isolate.ts";
export { type Granted, Kernel, type KernelOptions, type RunOptions } from "./kernel/kernel.ts";
export type { Confinement } from "./permissions/confinement.ts";
export { detect } from "./permissions/detector.ts";
export { merge } from "./permissions/merger.ts";
export { normalize } from "./permissions/normalizer.ts";
export { parse } from "./permissions/parser.ts";
export type { Perms } from "./permissions/perms.ts";
export type { PermissionRefusal, Plan } from "./permissions/plan.ts";
export type { PublicPlan } from "./permissions/public-plan.ts";
export { validate } from "./permissions/validator.ts";
export { ChannelPlugin } from "./plugins/channel.ts";
export { GuardPlugin } from "./plugins/guard.ts";
export { LoaderPlugin } from "./plugins/loader.ts";
export { LoggerPlugin } from "./plugins/logger.ts";
export { PermissionPlugin } from "./plugins/permission.ts";
export type { Context, IsolatePlugin, PluginApi, Process } from "./plugins/plugin.ts";
export { ClusterPlugin, SandboxPlugin } from "./plugins/sandbox.ts";
export { ToolsetPlugin } from "./plugins/toolset.ts";
export { SOLE_TENANT, type Tenant } from "./request/tenant.ts";
export type {
  Denial,
  ExecuteRequest,
  Level,
  LogEntry,
  Observer,
  OutcomeName,
  Output,
  SandboxLevel,
  Usage,
  ValidRequest,
} from "./request/types.ts";
export type { Tool, ToolContext, ToolSource } from "./tools/tool.ts";
