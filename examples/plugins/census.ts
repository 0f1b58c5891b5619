import type { IsolatePlugin, SandboxLevel } from "../../src/index.ts";

/** Counts the sandboxes that were started, by level: an eye on `onSpawn`. */
export function census(counts: Map<SandboxLevel, number>): IsolatePlugin {
  return {
    name: "census",
    setup(api) {
      api.onSpawn.tap(({ level }) => {
        counts.set(level, (counts.get(level) ?? 0) + 1);
      });
    },
  };
}
