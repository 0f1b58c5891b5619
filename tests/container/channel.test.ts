/** Tests channels between sandboxes of both kinds: one router, two engines. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { CONSUMER, GREETING, PRODUCER } from "../contract/channel-contract.ts";
import { CONTRACT_POOL, until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";
import { Stage } from "../helpers/stage.ts";

let directory: string;
let instance: Instance;
let container: Engine;
let isolated: Engine;
let stage: Stage;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  instance = await Instance.create(directory);
  const bundle = await readRunner();
  const pool = { ...CONTRACT_POOL, min: 2, onError: console.error };
  const supervisor = new DockerSupervisor({
    docker,
    runtime,
    instance,
    bundle,
    pool,
    log: () => {},
  });
  await supervisor.prepared();
  container = supervisor.engine;
  const runnerDirectory = join(directory, "runner");
  await writeRunner(bundle, runnerDirectory);
  const instanceDirectory = instance.directory;
  isolated = new PooledEngine(
    new DenoProcessLauncher({ instanceDirectory, runnerDirectory }),
    pool,
  );
  container.prewarm();
  isolated.prewarm();
  await until(() => container.status().warm > 1 && isolated.status().warm > 1);
  stage = new Stage();
});
afterAll(async () => {
  await Promise.all([container.close(), isolated.close()]);
  await instance.close();
  await rm(directory, { recursive: true });
});

describe.each([
  ["a container", "a container", () => [container, container] as const],
  ["a process", "a container", () => [isolated, container] as const],
  ["a container", "a process", () => [container, isolated] as const],
])("channels from %s to %s", (_from, _to, engines) => {
  it("carry a message", async () => {
    const [from, to] = engines();
    const consumer = await stage.listening(to, CONSUMER);
    const sent = await stage.run(from, PRODUCER).outcome;
    expect(sent).toMatchObject({ status: "ok", result: "Sent" });
    expect(await consumer.outcome).toMatchObject({ status: "ok", result: GREETING });
  });

  it("carry a conversation, in order", async () => {
    const [from, to] = engines();
    const answers = await stage.listening(
      to,
      `export default () => new Promise((resolve) => {
        channel.on("end", resolve);
        channel.on("ask", (n) => channel.emit("answer", n * 2));
      })`,
      2,
    );
    const asks = stage.run(
      from,
      `export default () => new Promise((resolve) => {
        const got = [];
        channel.on("answer", (n) => {
          got.push(n);
          if (got.length < 50) return channel.emit("ask", got.length);
          channel.emit("end", got.length);
          resolve(got);
        });
        channel.emit("ask", 0);
      })`,
    );
    const expected = Array.from({ length: 50 }, (_, n) => n * 2);
    expect(await asks.outcome).toMatchObject({ status: "ok", result: expected });
    expect(await answers.outcome).toMatchObject({ status: "ok", result: 50 });
  });

  it("keep tenants apart", async () => {
    const [from, to] = engines();
    const consumer = await stage.listening(to, CONSUMER, 1, "one");
    expect(await stage.run(from, PRODUCER, "two").outcome).toMatchObject({ status: "ok" });
    await stage.run(from, PRODUCER.replace("Alice", "Bob"), "one").outcome;
    const result = { ...GREETING, user: "Bob" };
    expect(await consumer.outcome).toMatchObject({ status: "ok", result });
  });
});
