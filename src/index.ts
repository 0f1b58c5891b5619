export { type Config, config, type PartialConfig } from "./config.ts";
export {
  BadRequest,
  EngineUnavailable,
  HostBusy,
  IsolateError,
  PayloadTooLarge,
  ShuttingDown,
} from "./errors.ts";
export { Kernel, type KernelOptions } from "./kernel.ts";
export type { ExecuteRequest, Level, LogEntry, Output, SandboxLevel } from "./types.ts";
