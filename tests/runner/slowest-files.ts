import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

const SHOWN = 10;

/** Prints the files that took longest. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= SHOWN) return;
    const slowest = modules
      .map((file) => ({
        seconds: secondsOf(file),
        name: `${relative(process.cwd(), file.moduleId)} (${file.project.name})`,
      }))
      .sort((one, other) => other.seconds - one.seconds)
      .slice(0, SHOWN);
    console.log(`\n Slowest files`);
    for (const { seconds, name } of slowest) {
      console.log(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
    }
  }
}

/** Seconds for the imports, hooks and tests of a file. */
function secondsOf(file: TestModule): number {
  const { prepareDuration, collectDuration, setupDuration, duration } = file.diagnostic();
  return (prepareDuration + collectDuration + setupDuration + duration) / 1_000;
}
