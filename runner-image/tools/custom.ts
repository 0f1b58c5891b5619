import { evaluate } from "../../src/common/evaluate.ts";
import { exportedTool } from "../../src/common/exported.ts";
import { inject } from "../../src/common/inject.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { RunnerFault, toFault } from "../base/faults.ts";

/** The part of a tool that a sandbox needs. The host has checked the rest. */
interface Installable {
  setup(globals: Record<string, unknown>): unknown;
}

/** Globals that the runner has replaced to observe or limit them. */
const OF_THE_RUNNER = ["console", "setTimeout", "clearTimeout", "close", "Deno", "process"];

/**
 * Sets up the custom tools of a job, one after the other, and defines their globals for good.
 * Rejects with a `ToolError` that names the tool.
 */
export async function installCustom(uses: readonly ToolUse[]): Promise<void> {
  for (const use of uses) {
    if (!isCustom(use)) continue;
    const { name, module } = use;
    try {
      const tool = module === undefined ? use : exportedTool(evaluate(module, `tool:${name}`));
      await install(tool as Installable);
    } catch (thrown) {
      const { message } = toFault(thrown, undefined);
      throw new RunnerFault("ToolError", `Tool "${name}" failed in setup: ${message}`);
    }
  }
}

/** Returns whether a tool is not one of the runner's own. */
export function isCustom({ name, module, setup }: ToolUse): boolean {
  return name !== "database" && (module !== undefined || setup !== undefined);
}

async function install(tool: Installable): Promise<void> {
  const globals: Record<string, unknown> = {};
  await tool.setup(globals);
  for (const key of Object.getOwnPropertyNames(globals)) {
    if (OF_THE_RUNNER.includes(key)) throw new Error(`"${key}" belongs to the runner`);
    inject(globalThis, key, globals[key]);
  }
}
