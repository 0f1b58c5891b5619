/** The second entry of the package: `isolate/resourcex`. */
export { createRXA } from "./archive/archive.ts";
export type { PathNode, RXA, RXP } from "./archive/package.ts";
export {
  ContentError,
  LocatorError,
  ManifestError,
  RegistryError,
  ResourceTypeError,
  ResourceXError,
} from "./base/resourcex-errors.ts";
export {
  type CreateRegistryOptions,
  type CreateRegistryOptions as RegistryConfig,
  createRegistry,
} from "./create-registry.ts";
export { FolderLoader } from "./data/folder-loader.ts";
export { formatRXI, parseRXI, type RXI } from "./data/identifier.ts";
export { parseRXL, type RXL } from "./data/locator.ts";
export { createRXM, type ManifestFields, type RXM } from "./data/manifest.ts";
export type { RXR } from "./data/resource.ts";
export type { SearchQuery } from "./data/search.ts";
export { deserializeRXR, type SerializedRXR, serializeRXR } from "./data/serialized.ts";
export { FileStorage, type ResourceStorage } from "./data/storage.ts";
export { withDomainValidation } from "./domain.ts";
export { LocalRegistry } from "./local-registry.ts";
export type { Registry, RegistryOptions, ResolvedResource } from "./registry.ts";
export { builtinTypes } from "./types/builtin-bundles.ts";
export { bundleResourceType, bundleResourceTypes } from "./types/bundle-type.ts";
export {
  CrashError,
  ExecutionError,
  MemoryError,
  ResolveError,
  TimeoutError,
} from "./types/execution-errors.ts";
export type { Isolator } from "./types/isolator.ts";
export type { TypeContext, TypeSource } from "./types/source.ts";
export type { BundledType, SandboxType, SandboxType as TypeSandbox } from "./types/type.ts";
export type { LogSource, OnLog } from "./types/type-runner.ts";
