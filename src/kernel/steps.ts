import type { Engine } from "../engines/contract/contract.ts";
import { ChannelPlugin } from "../plugins/channel.ts";
import { GuardPlugin } from "../plugins/guard.ts";
import { LoaderPlugin } from "../plugins/loader.ts";
import { LoggerPlugin } from "../plugins/logger.ts";
import { PermissionPlugin } from "../plugins/permission.ts";
import type { Context, IsolatePlugin } from "../plugins/plugin.ts";
import { ClusterPlugin, SandboxPlugin } from "../plugins/sandbox.ts";
import { ToolsetPlugin } from "../plugins/toolset.ts";
import type { SchemaBundle } from "../tools/load-schemas.ts";
import type { CustomTool } from "../tools/tool.ts";

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
  /** Engines, one for each level that can run here. */
  readonly engines: readonly Engine[];
  /** Keeps sandboxes warm. Default true. */
  readonly useCluster?: boolean;
  /** Custom tools, as `loadTools()` returns them. */
  readonly tools?: readonly CustomTool[];
  /** Tables of the database, as `loadSchemas()` returns them. */
  readonly schemas?: SchemaBundle;
}

/**
 * Returns the built-in steps of an execution. At each hook they run in this order, before other
 * plugins.
 */
export function builtInSteps(options: StepOptions): readonly Step[] {
  const { engines, useCluster = true, tools, schemas } = options;
  return [
    // onValidate: checks the request and fills in defaults. It is a `ValidRequest` from here on.
    { plugin: GuardPlugin },
    // onLoad: finds the tools by their names, and asks each for the permissions it needs.
    {
      plugin: ToolsetPlugin(tools, schemas),
      onLoad: {
        reads: ["request", "level", "tenant"],
        writes: ["tools", "customTools", "toolPermissions"],
      },
    },
    // onLoad: writes the input as text, and sets the size of the sandbox.
    { plugin: LoaderPlugin, onLoad: { reads: ["request"], writes: ["input", "profile"] } },
    // onLoad: plans the permissions. `Kernel.execute()` goes on only if all of them are granted.
    // onFormat: adds warnings and, if requested, the plan.
    {
      plugin: PermissionPlugin,
      onLoad: {
        reads: ["request", "level", "tenant", "toolPermissions", "profile"],
        writes: ["permissions", "plan", "grants", "profile"],
      },
      onFormat: { reads: ["request", "tools", "plan", "profile"] },
    },
    // Offers the engines. `Kernel.execute()` runs the job in one of them.
    { plugin: SandboxPlugin(engines) },
    // onLoad: joins the channels of the tenant; `Kernel.execute()` leaves them at the end.
    { plugin: ChannelPlugin(), onLoad: { reads: ["tools", "tenant"], writes: ["channel"] } },
    // Keeps sandboxes warm. Set up behind the plugins that are notified of new sandboxes.
    ...(useCluster ? [{ plugin: ClusterPlugin }] : []),
    // onLoad: limits the entries for the observer. onFormat: limits the output's logs, and writes
    // the audit log.
    {
      plugin: LoggerPlugin,
      onLoad: { reads: ["observer", "tenant"], writes: ["observer"] },
      onFormat: { reads: ["request", "permissions", "tenant"] },
    },
  ];
}
