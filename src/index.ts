export { inject, provide, reset } from "./common/inject.ts";
export { lazy } from "./common/lazy.ts";
export { proxy } from "./common/proxy.ts";
export { type Config, config, type PartialConfig } from "./config.ts";
export {
  BadRequest,
  EngineUnavailable,
  HostBusy,
  IsolateError,
  PayloadTooLarge,
  PluginError,
  ShuttingDown,
  ToolError,
  Veto,
} from "./errors.ts";
export {
  create,
  createIsolate,
  type Isolate,
  type IsolateOptions,
  type LibraryOutput,
} from "./isolate.ts";
export { Kernel, type KernelOptions } from "./kernel.ts";
export { detect } from "./permissions/detector.ts";
export { merge } from "./permissions/merger.ts";
export { normalize } from "./permissions/normalizer.ts";
export { parse } from "./permissions/parser.ts";
export type { Perms } from "./permissions/perms.ts";
export { validate } from "./permissions/validator.ts";
export type { Context, IsolatePlugin, PluginApi, ValidRequest } from "./plugins/plugin.ts";
export type { Tool, ToolContext, ToolSource } from "./tools/tool.ts";
export type { ExecuteRequest, Level, LogEntry, Output, SandboxLevel } from "./types.ts";
