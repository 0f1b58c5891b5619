/** Tests what creating a library waits for, and its bounds without a cluster. */
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkEngine } from "../../doctor/docker-checks.ts";
import { EngineUnavailable } from "../../src/base/errors.ts";
import { dockerClient } from "../../src/engines/container/docker.ts";
import { createIsolate } from "../../src/isolate.ts";
import type { IsolatePlugin } from "../../src/plugins/plugin.ts";
import { until } from "../contract/engine-contract.ts";

const { DOCKER_HOST } = process.env;

let directory: string;
let runDirectory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  runDirectory = join(directory, "run");
  await mkdir(runDirectory);
});
afterEach(async () => {
  if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = DOCKER_HOST;
  expect(await readdir(runDirectory)).toEqual([]);
  await rm(directory, { recursive: true });
});

/** Counts the sandboxes that are started. */
function counting(): IsolatePlugin & { readonly spawned: string[] } {
  const spawned: string[] = [];
  return {
    name: "counting",
    spawned,
    setup: (api) => api.onSpawn.tap(({ level }) => void spawned.push(level)),
  };
}

it.each([
  ["and keeps it warm", { useCluster: true, config: { cluster: { min: 1 } } }],
  ["and ends it where none is kept warm", { useCluster: false }],
])("waits until a sandbox has started, %s", async (_how, options) => {
  const plugin = counting();
  const isolate = await createIsolate({ ...options, runDirectory, plugins: [plugin] });
  expect(plugin.spawned).toEqual(["isolated"]);
  await isolate.close();
});

it.each([0, false] as const)("waits for nothing with ready: %s", async (ready) => {
  process.env.DOCKER_HOST = `unix://${directory}/docker.sock`;
  const sandbox = "container";
  const isolate = await createIsolate({
    runDirectory,
    containers: true,
    config: { sandbox },
    ready,
  });
  const execution = isolate.execute({ code: "export default () => 1" });
  await expect(execution).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
  await isolate.close();
});

it.each([-1, Number.NaN, 1e12])("refuses ready: %s by name", async (ready) => {
  await expect(createIsolate({ runDirectory, ready })).rejects.toMatchObject({ field: "ready" });
});

it("rejects with the doctor's words where no engine answers", async () => {
  const socket = join(directory, "docker.sock");
  process.env.DOCKER_HOST = `unix://${socket}`;
  const checks = checkEngine(dockerClient(socket), socket, { runtime: undefined, memory: 1 });
  const { value } = await checks.next();
  const { message, advice } = value as { message: string; advice: string };
  expect(message).toContain(`No Docker Engine answers at ${socket}`);
  const config = { sandbox: "container" } as const;
  const creating = createIsolate({ runDirectory, containers: true, config, ready: 500 });
  await expect(creating).rejects.toBeInstanceOf(EngineUnavailable);
  await expect(creating).rejects.toMatchObject({
    message: `Level "container" cannot run here. ${message}. ${advice}`,
  });
});

it("runs as many at once as the host bears without a cluster, each in a sandbox of its own", async () => {
  const plugin = counting();
  const isolate = await createIsolate({
    runDirectory,
    useCluster: false,
    ready: false,
    config: { cluster: { min: 0, max: 1 } },
    plugins: [plugin],
  });
  const callers = [1, 2, 3, 4].map(() => new AbortController());
  const running = callers.map(({ signal }) => {
    const code = "export default () => new Promise(() => {})";
    return isolate.execute({ code, timeout: 60_000 }, { signal }).catch(({ name }) => name);
  });
  await until(() => plugin.spawned.length === 4);
  for (const caller of callers) caller.abort();
  expect(await Promise.all(running)).toEqual(Array(4).fill("Aborted"));
  expect(plugin.spawned).toHaveLength(4);
  await isolate.close();
});

it("gives code all of its time in a sandbox that is started for it", async () => {
  const isolate = await createIsolate({ runDirectory, useCluster: false, ready: false });
  const code = "export default function() { while(true) {} }";
  const { duration, usage, ...output } = await isolate.execute({ code, timeout: 50 });
  expect(output).toMatchObject({ ok: false, outcome: "timeout", logs: [{ name: "TimeoutError" }] });
  expect(output.logs).toHaveLength(1);
  expect(duration).toBeGreaterThanOrEqual(49);
  // A start of a process takes longer than the timeout.
  expect(usage.queued).toBeGreaterThan(50);
  await isolate.close();
});
