import { apply } from "./base/primordials.ts";
import type { ProcessEnd } from "./code-run.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/**
 * Returns the function that calls the listeners of `process` for its end, though only the run ends.
 * Their errors are thrown.
 */
export function announcerOf(process: Anything): (event: ProcessEnd) => void {
  const { emit } = process;
  return (event) => {
    // So a listener that calls `process.exit()` is not called once more by it.
    process._exiting = event === "exit";
    apply(emit, process, [event, process.exitCode ?? 0]);
    process._exiting = false;
  };
}
