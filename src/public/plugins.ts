/** `isolate/plugins`: the built-in plugins, which every instance has. */
export { ChannelPlugin } from "../plugins/channel.ts";
export { GuardPlugin } from "../plugins/guard.ts";
export { LoaderPlugin } from "../plugins/loader.ts";
export { LoggerPlugin } from "../plugins/logger.ts";
export { PackagesPlugin } from "../plugins/packages.ts";
export { PermissionPlugin } from "../plugins/permission.ts";
export type { IsolatePlugin, PluginApi } from "../plugins/plugin.ts";
export { ClusterPlugin, SandboxPlugin } from "../plugins/sandbox.ts";
export { ToolsetPlugin } from "../plugins/toolset.ts";
