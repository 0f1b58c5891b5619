import type { Kernel } from "../../../src/kernel/kernel.ts";
import type { Tools } from "../rpc-server.ts";
import { continueTool } from "./continue-tool.ts";
import { deployTool } from "./deploy-tool.ts";
import { executeTool } from "./execute-tool.ts";
import { functionTool, listedFunctions } from "./function-tools.ts";
import { type LogsToolParts, logsTool } from "./logs-tool.ts";
import { planTool } from "./plan-tool.ts";
import type { RunningParts } from "./tool-run.ts";

export interface ToolsParts extends LogsToolParts, RunningParts {
  readonly kernel: Kernel;
}

/** Returns the server's own tools, and finds those that tenants have deployed. */
export function allTools(parts: ToolsParts): Tools {
  const { kernel, held, functions } = parts;
  return {
    builtIn: [
      executeTool(parts),
      continueTool(held),
      planTool(kernel),
      deployTool(functions),
      logsTool(parts),
    ],
    list: (caller, after) => listedFunctions(functions, caller, after),
    find: (caller, name) => functionTool(parts, caller, name),
  };
}
