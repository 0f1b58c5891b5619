import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { SOAK } from "./tests/helpers/soak.ts";
import { nodePool } from "./tests/nodes/pool.ts";
import { otherLines } from "./tests/nodes/programs.ts";
import { longestFirst } from "./tests/runner/longest-first.ts";
import { NODE_FLAGS } from "./tests/runner/node-flags.ts";
import { SlowestFiles } from "./tests/runner/slowest-files.ts";

/** Files that take longest, in about that order. All are of the first project, because each change costs processes. */
const LONGEST = [
  "cluster/lab-stack.test.ts",
  "e2e/packages-programs.test.ts",
  "process/process-engine.test.ts",
  "e2e/docs-commands.test.ts",
  "container/container-engine.test.ts",
  "e2e/largest-requests.test.ts",
  "e2e/server.test.ts",
  "process/tenant-reuse.test.ts",
  "e2e/packages.test.ts",
  "e2e/many-tenants.test.ts",
  "e2e/compose.test.ts",
  "container/tenant-reuse.test.ts",
  "e2e/package.test.ts",
  "e2e/database.test.ts",
  "process/library-contract.test.ts",
  "container/hardening.test.ts",
  "container/doctor.test.ts",
  "e2e/alternating-grants.test.ts",
  "process/store-faults.test.ts",
  "e2e/rest-contract.test.ts",
  "process/floods.test.ts",
  "process/database-tool.test.ts",
  "container/network-hints.test.ts",
  "process/platform.test.ts",
  "process/docs-typescript.test.ts",
  "e2e/programs.test.ts",
  "container/gvisor.test.ts",
  "e2e/kept-idle.test.ts",
  "container/egress-addresses.test.ts",
  "container/egress-names.test.ts",
  "e2e/resourcex-forms.test.ts",
  "e2e/resourcex.test.ts",
];

/** Two for each core, because a file waits for more than half of its time: for an engine, a disk, or a time to pass. */
const WORKERS = Math.min(2 * availableParallelism(), 8);

/** Tests that read sources and pages and run none of them, so that one line of Node is enough. */
const TEXTS = ["tests/unit/docs/**", "tests/unit/{comments,imports,structure}.test.ts"];

/**
 * Tests of what a line of Node changes, each once: sockets, HTTP, streams, realms, threads, files, processes. Our own
 * reading and deciding, the store's queries and the bundler are the same by each line. They take most of the time, so
 * other lines run them in `npm run soak` alone.
 */
const EACH_LINE = [
  "node-line",
  "{cli,runner-image}/**/*",
  "egress/{exchange,head,limits,main,tunnel}",
  "server/{app,log/log,metrics}",
  "server/functions/{client-socket,http,mount,response-stream}",
  "server/http/{body/*,connections/*,unread/unread-responses}",
  "server/{replies/event-stream,secrets/secrets,store/pglite/durable-files}",
  "src/{base,client,confined-process,database,deno,egress-client,plugins,protocol}/**/*",
  "src/engines/{connection,container,contract,in-process,instance}/*",
  "src/packages/{disk-cache,registries,unpacking}",
].map((name) => `tests/unit/${name}.test.ts`);

/** Builds `dist/`, which servers, threads and sandboxes run. */
const BUILD = "tests/global-setup.ts";

/**
 * A process runs one test file after another, because a new process for each would spend a fifth of the time on imports.
 * A test restores what it replaces.
 */
const shared = { maxWorkers: WORKERS, execArgv: [...NODE_FLAGS], isolate: false };

const unit = {
  ...shared,
  include: ["tests/unit/**/*.test.ts"],
  globalSetup: BUILD,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

const real = {
  ...shared,
  globalSetup: [BUILD, "tests/image-setup.ts"],
  // Long, because tests wait for conditions that a busy machine takes long to meet.
  testTimeout: 120_000,
  hookTimeout: 240_000,
};

/**
 * `unit` needs no engine, and runs by the Node that runs this. `unit-node…` is `unit` by others, where the
 * set-up has installed them. `real` starts Deno processes, containers, servers; `cluster` several servers on one store,
 * and several engines. `soak` is what takes minutes, and none of `npm test`.
 */
export default defineConfig({
  test: {
    reporters: ["default", new SlowestFiles()],
    sequence: { sequencer: longestFirst(LONGEST) },
    projects: [
      // First, because its files are longer than those that fill the end of a run.
      { test: { ...real, name: "cluster", include: ["tests/cluster/**/*.test.ts"] } },
      { test: { ...real, name: "real", include: ["tests/{process,container,e2e}/**/*.test.ts"] } },
      ...(SOAK ? [{ test: { ...real, name: "soak", include: ["tests/soak/**/*.test.ts"] } }] : []),
      { test: { ...unit, name: "unit", include: [...unit.include, "tests/fuzz/**/*.test.ts"] } },
      ...otherLines().map((line) => ({
        test: {
          ...unit,
          name: `unit-node${line}`,
          include: SOAK ? unit.include : EACH_LINE,
          exclude: TEXTS,
          pool: nodePool(line),
          env: { TESTED_NODE: line },
        },
      })),
    ],
  },
});
