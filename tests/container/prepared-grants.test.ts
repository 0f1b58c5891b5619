/** Tests containers that are prepared for the grants of earlier executions. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { config } from "../../src/config/config.ts";
import { readRunner } from "../../src/deno/runner.ts";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";
import { atRest, BORN, executed } from "../helpers/prepared.ts";
import { SOAK } from "../helpers/soak.ts";

const MIN = 1;
const CODE = `
  const said = (host) => fetch(host).catch((error) => error.name);
  export default async ({ other }) => ({ born: ${BORN}, other: await said(other) })`;

let directory: string;
let instance: Instance;
let engine: Engine;
let kernel: Kernel;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "prepared-"));
  instance = await Instance.create(join(directory, "run"));
  const settings = config({ cluster: { min: MIN } });
  let proxy = false;
  const supervisor = new DockerSupervisor({
    docker,
    instance,
    bundle: await readRunner(),
    runtime,
    reach: { env: [], net: true, read: [], write: [], sys: true },
    egress: settings.egress,
    pool: {
      ...settings.cluster,
      profile: { memory: settings.memory, cpus: settings.cpus },
      startConcurrency: 3,
      maxWaiting: 10,
      healthInterval: 60_000,
      onError: console.error,
    },
    log: (line) => {
      proxy ||= line.includes("egress proxy is ready");
    },
  });
  engine = supervisor.engine;
  engine.prewarm();
  kernel = new Kernel({ config: settings, engines: [engine] });
  await until(() => proxy);
});
afterAll(async () => {
  await kernel.close();
  await instance.close();
  await rm(directory, { recursive: true });
});

it("are taken from the second execution on, by turns, and reach nothing else", async () => {
  const run = (own: string, other: string) => {
    const input = { other: `http://${other}/` };
    return executed(kernel, {
      code: CODE,
      input,
      permissions: { net: [own] },
      sandbox: "container",
    });
  };
  await atRest(engine, MIN);
  for (let turn = 0; turn < (SOAK ? 4 : 2); turn += 1) {
    for (const [own, other] of [
      ["a.example", "b.example"],
      ["b.example", "a.example"],
    ] as const) {
      expect(await run(own, other)).toMatchObject({
        isPrepared: turn > 0,
        result: { other: "NotCapable" },
      });
      // Prepares for one of the grants that were given once.
      await atRest(engine, MIN + (turn > 0 ? 2 : 1));
    }
  }
}, 120_000);
