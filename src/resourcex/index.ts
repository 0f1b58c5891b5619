/** The second entry of the package: `isolate/resourcex`. */
export { createRXA } from "./archive.ts";
export { builtinTypes } from "./builtin-bundles.ts";
export { bundleResourceType, bundleResourceTypes } from "./bundle.ts";
export { type CreateRegistryOptions, createRegistry } from "./create-registry.ts";
export { withDomainValidation } from "./domain.ts";
export {
  ContentError,
  LocatorError,
  ManifestError,
  RegistryError,
  ResourceTypeError,
  ResourceXError,
} from "./errors.ts";
export {
  CrashError,
  ExecutionError,
  MemoryError,
  ResolveError,
  TimeoutError,
} from "./execution-errors.ts";
export { FolderLoader } from "./folder-loader.ts";
export type { Isolator } from "./isolator.ts";
export { parseRXL, type RXL } from "./locator.ts";
export { createRXM, type ManifestFields, type RXM } from "./manifest.ts";
export type { PathNode, RXA, RXP } from "./package.ts";
export type { Registry, RegistryOptions, ResolvedResource } from "./registry.ts";
export type { RXR } from "./resource.ts";
export type { LogSource, OnLog } from "./runner.ts";
export type { SearchQuery } from "./search.ts";
export type { TypeContext, TypeSource } from "./source.ts";
export { FileStorage, type ResourceStorage } from "./storage.ts";
export type { BundledType, TypeSandbox } from "./type.ts";
