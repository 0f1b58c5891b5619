/** `isolate/permissions`: helpers for `permissions` of requests and tools. */
export { detect, type Findings } from "../permissions/detector.ts";
export { merge } from "../permissions/merger.ts";
export { type ExplicitPerms, normalize } from "../permissions/normalizer.ts";
export { parse } from "../permissions/parser.ts";
export type { Perms, PermsObject } from "../permissions/perms.ts";
export { validate } from "../permissions/validator.ts";
