import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { longestFirst } from "./tests/runner/longest-first.ts";
import { NODE_FLAGS } from "./tests/runner/node-flags.ts";
import { SlowestFiles } from "./tests/runner/slowest-files.ts";

/** In the order of what they take. It is right enough if no other file is what the rest waits for. */
const LONGEST = [
  "e2e/largest-requests.test.ts",
  "container/container-engine.test.ts",
  "e2e/server.test.ts",
  "e2e/compose.test.ts",
  "process/process-engine.test.ts",
  "e2e/many-tenants.test.ts",
  "process/library-contract.test.ts",
  "container/hardening.test.ts",
  "e2e/rest-contract.test.ts",
  "e2e/package.test.ts",
  "container/network-hints.test.ts",
  "container/engine-lost.test.ts",
  "process/store-faults.test.ts",
  "e2e/database.test.ts",
  "process/floods.test.ts",
  "e2e/kept-idle.test.ts",
  "e2e/resourcex.test.ts",
  "unit/src/engines/fake-engine.test.ts",
  "unit/server/functions/http.test.ts",
  "unit/server/jobs/jobs.test.ts",
];

/** One more than there are cores: much of what tests do is to wait, for an engine, a disk or a time to pass. */
const WORKERS = Math.min(availableParallelism() + 1, 8);

/** Servers, threads and sandboxes run what is built. */
const BUILD = "tests/global-setup.ts";

/** `unit` needs no engine and runs in seconds; `real` starts Deno processes, containers, servers. */
export default defineConfig({
  test: {
    reporters: ["default", new SlowestFiles()],
    sequence: { sequencer: longestFirst(LONGEST) },
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/{unit,fuzz}/**/*.test.ts"],
          globalSetup: BUILD,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: WORKERS,
          execArgv: [...NODE_FLAGS],
        },
      },
      {
        test: {
          name: "real",
          include: ["tests/{process,container,e2e}/**/*.test.ts"],
          globalSetup: [BUILD, "tests/image-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: WORKERS,
          execArgv: [...NODE_FLAGS],
        },
      },
    ],
  },
});
