import { defineConfig } from "vitest/config";
import { nodePool } from "./tests/nodes/pool.ts";
import { otherLines } from "./tests/nodes/programs.ts";

const unit = {
  include: ["tests/{unit,fuzz}/**/*.test.ts"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // The default leaves a core to whoever watches.
  maxWorkers: "100%",
};

/**
 * `unit` needs no engine and runs in seconds, by the Node that runs this; `unit-node…` is the same by
 * others, where the set-up has installed them. `real` starts Deno processes, containers, servers.
 */
export default defineConfig({
  test: {
    // Servers and sandboxes run what is built.
    globalSetup: "tests/global-setup.ts",
    projects: [
      { test: { ...unit, name: "unit" } },
      ...otherLines().map((line) => ({
        test: {
          ...unit,
          name: `unit-node${line}`,
          pool: nodePool(line),
          env: { TESTED_NODE: line },
        },
      })),
      {
        test: {
          name: "real",
          include: ["tests/{process,container,e2e}/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Sandboxes share the machine's cores: side by side they would time each other out.
          fileParallelism: false,
        },
      },
    ],
  },
});
