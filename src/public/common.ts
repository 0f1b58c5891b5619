/** `isolate/common`: helpers for tools, on the host and in sandboxes. */
export type { Deferred } from "../common/deferred.ts";
export { inject, provide, reset } from "../common/inject.ts";
export { lazy } from "../common/lazy.ts";
export { type ProxyOptions, proxy } from "../common/proxy.ts";
