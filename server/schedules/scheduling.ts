import type { Kernel } from "../../src/kernel/kernel.ts";
import type { FunctionCatalogue } from "../functions/catalogue.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import { FunctionSchedules } from "./schedules.ts";

export interface SchedulingOptions extends SchedulerOptions {
  readonly kernel: Kernel;
  readonly functions: FunctionCatalogue;
}

/** Makes what sets schedules, and what serves them. A change of one has the other look for it. */
export function createScheduling(options: SchedulingOptions) {
  const scheduler = new Scheduler(options);
  const onChanged = (): void => scheduler.wake();
  return { scheduler, schedules: new FunctionSchedules({ ...options, onChanged }) };
}
