/** Tests the contract of executions through the library. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import type { IsolatePlugin } from "../../src/plugins/plugin.ts";
import type { SandboxLevel } from "../../src/request/types.ts";
import type { Caller } from "../contract/caller.ts";
import { callerContract } from "../contract/caller-contract.ts";
import { until } from "../contract/engine-contract.ts";
import { publishedExamples } from "../contract/published-examples.ts";

/** Opens an isolate of the library. Its requests get `level` by default. */
function open(level: SandboxLevel): () => Caller {
  let directory: string;
  let isolate: Isolate;
  let warm = 0;
  const census: IsolatePlugin = {
    name: "census",
    setup(api) {
      api.onSpawn.tap((spawn) => {
        if (spawn.level === level) warm += 1;
      });
      api.onExecute.tap((_context, next) => {
        warm -= 1;
        return next();
      });
    },
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-"));
    isolate = await createIsolate({
      runDirectory: directory,
      containers: level === "container",
      config: { sandbox: level, memory: 128, timeout: 20_000 },
      plugins: [census],
    });
    await until(() => warm > 0);
  });
  afterAll(async () => {
    await isolate.close();
    await rm(directory, { recursive: true });
  });
  return () => ({
    execute: (request) => isolate.execute(request),
    ready: () => until(() => warm > 0),
  });
}

describe("level none", () => {
  const caller = open("none");
  publishedExamples("in this process", caller, { isolation: false });
  // The engine runs all cases in the unit tests, without the kernel.
  callerContract("the library, in this process", caller, { isolation: false, sampled: true });
});

describe("level isolated", () => {
  const caller = open("isolated");
  publishedExamples("in a process", caller);
  // HTTP runs all cases through the kernel, and the engine of processes runs them without it.
  callerContract("the library, in a process", caller, { sampled: true });
});

describe("level container", () => {
  publishedExamples("in a container", open("container"));
});
