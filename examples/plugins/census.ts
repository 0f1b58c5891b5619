import type { IsolatePlugin, SandboxLevel } from "isolate/types";

/** Counts the sandboxes that were started, by level: an eye on `onSpawn`. */
export function census(onCount: (level: SandboxLevel, count: number) => void): IsolatePlugin {
  const counts = new Map<SandboxLevel, number>();
  return {
    name: "census",
    setup(api) {
      api.onSpawn.tap(({ level }) => {
        const count = (counts.get(level) ?? 0) + 1;
        counts.set(level, count);
        onCount(level, count);
      });
    },
  };
}

/** Prints a line at once, and then ever more rarely. */
export default census((level, count) => {
  if (Number.isInteger(Math.log2(count))) console.log(`Sandboxes started at ${level}: ${count}`);
});
