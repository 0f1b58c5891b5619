/** Modules of `src/` that tools may import, each as `isolate/…`, on the host and in sandboxes. */
export const TOOL_MODULES: readonly string[] = [
  "common/inject",
  "common/lazy",
  "common/proxy",
  "permissions/detector",
  "permissions/merger",
  "permissions/normalizer",
  "permissions/parser",
  "permissions/validator",
];
