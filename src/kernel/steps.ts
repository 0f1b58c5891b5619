import { ChannelPlugin } from "../plugins/channel.ts";
import { GuardPlugin } from "../plugins/guard.ts";
import { LoaderPlugin } from "../plugins/loader.ts";
import { LoggerPlugin } from "../plugins/logger.ts";
import { order } from "../plugins/order.ts";
import { PackagesPlugin } from "../plugins/packages.ts";
import { PermissionPlugin } from "../plugins/permission.ts";
import type { Context, IsolatePlugin } from "../plugins/plugin.ts";
import { ClusterPlugin, SandboxPlugin } from "../plugins/sandbox.ts";
import { ToolsetPlugin } from "../plugins/toolset.ts";

/** Fields of the context that a step reads and writes at one hook. */
export interface ContextAccess {
  readonly reads: readonly (keyof Context)[];
  readonly writes?: readonly (keyof Context)[];
}

/**
 * A built-in plugin. tests/unit/src/kernel/steps.test.ts checks the declared fields against its
 * behaviour.
 */
export interface Step {
  readonly plugin: IsolatePlugin;
  readonly onLoad?: ContextAccess;
  readonly onFormat?: ContextAccess;
}

export interface StepOptions {
  /**
   * Keeps sandboxes warm. Default: true, but false for plugins with `SandboxPlugin` and without
   * `ClusterPlugin`.
   */
  readonly useCluster?: boolean | undefined;
  /**
   * Your own plugins. They follow the built-in ones, and may require those by name. Built-in ones
   * among them add nothing.
   */
  readonly plugins?: readonly IsolatePlugin[];
}

/** Tells whether sandboxes are kept warm. */
export function usesCluster({ plugins = [], useCluster }: StepOptions): boolean {
  return useCluster ?? (!plugins.includes(SandboxPlugin) || plugins.includes(ClusterPlugin));
}

/**
 * Returns the built-in steps of an execution. At each hook they run in this order, before other
 * plugins.
 */
export function builtInSteps(options: StepOptions = {}): readonly Step[] {
  return [
    // onValidate: checks the request and fills in defaults. It is a `ValidRequest` from here on.
    { plugin: GuardPlugin },
    // onLoad: finds the tools by their names, and asks each for the permissions it needs.
    {
      plugin: ToolsetPlugin,
      onLoad: {
        reads: ["request", "level", "tenant"],
        writes: ["tools", "customTools", "toolPermissions"],
      },
    },
    // onLoad: finds the packages that the request names. `Kernel.plan()` tells their lock, and
    // `Kernel.execute()` bundles them with the code before anything waits for a sandbox.
    {
      plugin: PackagesPlugin,
      onLoad: {
        reads: ["request", "tenant", "typeCall", "deployed"],
        writes: ["packages"],
      },
    },
    // onLoad: writes the input as text, reads the files, and sets the size of the sandbox.
    {
      plugin: LoaderPlugin,
      onLoad: { reads: ["request", "tenant"], writes: ["input", "files", "profile"] },
    },
    // onLoad: plans the permissions. `Kernel.execute()` goes on only if all of them are granted.
    // onFormat: adds warnings and, if requested, the plan.
    {
      plugin: PermissionPlugin,
      onLoad: {
        reads: ["request", "level", "tenant", "toolPermissions", "profile", "secrets", "files"],
        writes: ["permissions", "plan", "grantable", "hasDatabase", "grants", "profile"],
      },
      onFormat: { reads: ["request", "tools", "plan", "profile"] },
    },
    // Offers the engines. `Kernel.execute()` runs the job in one of them.
    { plugin: SandboxPlugin },
    // onLoad: joins the channels of the tenant; `Kernel.execute()` leaves them at the end.
    { plugin: ChannelPlugin, onLoad: { reads: ["tools", "tenant"], writes: ["channel"] } },
    // Keeps sandboxes warm. Set up behind the plugins that are notified of new sandboxes.
    ...(usesCluster(options) ? [{ plugin: ClusterPlugin }] : []),
    // onLoad: limits the entries for the observer. onFormat: limits the output's logs, and writes
    // the audit log.
    {
      plugin: LoggerPlugin,
      onLoad: { reads: ["observer", "tenant"], writes: ["observer"] },
      onFormat: { reads: ["request", "permissions", "tenant", "account"] },
    },
  ];
}

const BUILT_IN: readonly IsolatePlugin[] = [
  GuardPlugin,
  ToolsetPlugin,
  PackagesPlugin,
  LoaderPlugin,
  PermissionPlugin,
  SandboxPlugin,
  ChannelPlugin,
  ClusterPlugin,
  LoggerPlugin,
];

/** Tests whether a plugin is one of the built-in ones. */
export function isBuiltIn(plugin: IsolatePlugin): boolean {
  return BUILT_IN.includes(plugin);
}

/**
 * Lists all plugins of a kernel, in the order of their setups.
 *
 * @throws {Error} that names the plugin, if one is none or they do not fit together.
 */
export function pluginsOf(options: StepOptions): IsolatePlugin[] {
  const own = (options.plugins ?? []).filter((plugin, index) => {
    assertPlugin(plugin, `plugins[${index}]`);
    return !isBuiltIn(plugin);
  });
  return order([...builtInSteps(options).map(({ plugin }) => plugin), ...own]);
}

function assertPlugin(given: unknown, place: string): void {
  const { name, setup } = (given ?? {}) as Partial<Record<keyof IsolatePlugin, unknown>>;
  if (typeof name !== "string" || name === "")
    throw new Error(`${place} is no plugin: it has no name`);
  if (typeof setup !== "function") {
    throw new Error(`${place} is no plugin: "${name}" has no function "setup"`);
  }
}
