import { defineConfig } from "vitest/config";

/** `unit` needs no engine and runs in seconds; `real` starts Deno processes, containers, servers. */
export default defineConfig({
  test: {
    // Servers and sandboxes run what is built.
    globalSetup: "tests/global-setup.ts",
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/{unit,fuzz}/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // The default leaves a core to whoever watches.
          maxWorkers: "100%",
        },
      },
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
