import { floor } from "../base/primordials.ts";
import { replace } from "../base/replace.ts";
import { coarsenCollector } from "./collector.ts";
import { closeContexts } from "./contexts.ts";
import { coarsenHistograms } from "./histograms.ts";
import { closeModules } from "./modules.ts";
import { coarsenPerformance } from "./performance.ts";
import { coarsenTemporal } from "./temporal.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/** Microseconds in the step of processor time. */
const STEP_MICROSECONDS = 1_000;

/**
 * Makes all clocks of this global scope step by a millisecond, for code without `hrtime`. Each
 * clock is replaced where user code finds it, and no object leads to the original.
 */
export function coarsenClocks(): void {
  const { process, Deno, Temporal } = globalThis as Anything;
  coarsenPerformance();
  coarsenHistograms(process.getBuiltinModule("node:perf_hooks"));
  coarsenProcessorTime(process, Deno);
  if (Temporal !== undefined) coarsenTemporal(Temporal);
  coarsenCollector(process.getBuiltinModule("node:v8"));
  closeContexts(process.getBuiltinModule("node:vm"), process.getBuiltinModule("node:util").types);
  closeModules(process);
}

interface Times {
  readonly user: number;
  readonly system: number;
}

/** Replaces the clocks of processor time, which count microseconds. */
function coarsenProcessorTime(process: Anything, Deno: Anything): void {
  const { threadCpuUsage, resourceUsage } = process;
  const { cpuUsage } = Deno;
  const coarse = ({ user, system }: Times): Times => ({ user: step(user), system: step(system) });
  // `process.cpuUsage()` calls this one, whatever name code has it by.
  replace(Deno, { cpuUsage: () => coarse(cpuUsage()) });
  replace(process, {
    threadCpuUsage(before?: Times) {
      // Called with it for its checks alone.
      if (before !== undefined) threadCpuUsage(before);
      const { user, system } = coarse(threadCpuUsage());
      if (before === undefined) return { user, system };
      return { user: user - before.user, system: system - before.system };
    },
    resourceUsage() {
      const usage = resourceUsage();
      usage.userCPUTime = step(usage.userCPUTime);
      usage.systemCPUTime = step(usage.systemCPUTime);
      return usage;
    },
  });
}

function step(microseconds: number): number {
  return floor(microseconds / STEP_MICROSECONDS) * STEP_MICROSECONDS;
}
