import { inject } from "../../src/common/inject.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { evaluate } from "../../src/tools/evaluate.ts";
import { exportedTool } from "../../src/tools/exported.ts";
import { RunnerFault, toFault } from "../faults.ts";

/** The part of a tool a sandbox needs; the host has looked at the rest. */
interface Installable {
  setup(globals: Record<string, unknown>): unknown;
}

/** Globals the runner has replaced to hear of what they do. */
const OF_THE_RUNNER = ["console", "setTimeout", "clearTimeout", "close", "Deno", "process"];

/**
 * Sets up the custom tools of a job, one after the other, and makes what each has put on its
 * globals global for good. Rejects with a `ToolError` that names the tool.
 */
export async function installModules(uses: readonly ToolUse[]): Promise<void> {
  for (const { name, module } of uses) {
    if (module === undefined) continue;
    try {
      await install(evaluate(module, `tool:${name}`));
    } catch (thrown) {
      const { message } = toFault(thrown, undefined);
      throw new RunnerFault("ToolError", `Tool "${name}" failed in setup: ${message}`);
    }
  }
}

async function install(exported: Record<string, unknown>): Promise<void> {
  const globals: Record<string, unknown> = {};
  await (exportedTool(exported) as Installable).setup(globals);
  for (const key of Object.getOwnPropertyNames(globals)) {
    if (OF_THE_RUNNER.includes(key)) throw new Error(`"${key}" belongs to the runner`);
    inject(globalThis, key, globals[key]);
  }
}
