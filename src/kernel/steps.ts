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

/** What a step does with the context of an execution at one hook. */
export interface ContextAccess {
  readonly reads: readonly (keyof Context)[];
  readonly writes?: readonly (keyof Context)[];
}

/** A built-in plugin; tests/unit/src/kernel/steps.test.ts holds it to what is said of it here. */
export interface Step {
  readonly plugin: IsolatePlugin;
  readonly onLoad?: ContextAccess;
  readonly onFormat?: ContextAccess;
}

export interface StepOptions {
  /** One for each level that can run here. */
  readonly engines: readonly Engine[];
  /** Whether to keep sandboxes warm. Default true. */
  readonly useCluster?: boolean;
  /** Custom tools, as `loadTools()` gives them. */
  readonly tools?: readonly CustomTool[];
  /** Tables of the database, as `loadSchemas()` gives them. */
  readonly schemas?: SchemaBundle;
}

/** Returns the built-in steps of an execution. At each hook they run in this order, and other plugins behind them. */
export function builtInSteps(options: StepOptions): readonly Step[] {
  const { engines, useCluster = true, tools, schemas } = options;
  return [
    // onValidate: checks the request and fills in defaults; from here on it is a `ValidRequest`.
    { plugin: GuardPlugin },
    // onLoad: finds the tools by their names, and asks each what it may reach.
    {
      plugin: ToolsetPlugin(tools, schemas),
      onLoad: {
        reads: ["request", "level", "tenant"],
        writes: ["tools", "customTools", "toolPermissions"],
      },
    },
    // onLoad: writes the input as JSON, and settles the size of the sandbox.
    { plugin: LoaderPlugin, onLoad: { reads: ["request"], writes: ["input", "profile"] } },
    // onLoad: plans what the execution may reach; `Kernel.execute()` goes on only if all of it is granted.
    // onFormat: adds warnings and, if asked for, the plan.
    {
      plugin: PermissionPlugin,
      onLoad: {
        reads: ["request", "level", "tenant", "toolPermissions", "profile"],
        writes: ["permissions", "plan", "grants", "profile"],
      },
      onFormat: { reads: ["request", "plan", "profile"] },
    },
    // Offers the engines, in one of which `Kernel.execute()` runs the job.
    { plugin: SandboxPlugin(engines) },
    // onLoad: joins the channels of the tenant; `Kernel.execute()` leaves them at the end.
    { plugin: ChannelPlugin(), onLoad: { reads: ["tools", "tenant"], writes: ["channel"] } },
    // Keeps sandboxes warm, once everybody who is told of new ones is set up.
    ...(useCluster ? [{ plugin: ClusterPlugin }] : []),
    // onLoad: cuts what the observer is told. onFormat: cuts the logs of the output, and audits.
    {
      plugin: LoggerPlugin,
      onLoad: { reads: ["observer", "tenant"], writes: ["observer"] },
      onFormat: { reads: ["request", "permissions", "tenant"] },
    },
  ];
}
