/** Tests processes that are prepared for the grants of earlier executions. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { config } from "../../src/config/config.ts";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { atRest, BORN, executed } from "../helpers/prepared.ts";

const MIN = 1;

/** Tries everything that any execution here is granted. */
const TRY = `
  const said = (work) => Promise.resolve().then(work).catch((error) => error.name);
  const connect = async (host) => {
    const [hostname, port] = host.split(":");
    (await Deno.connect({ hostname, port: Number(port) })).close();
    return "connected";
  };
  export default async ({ hosts }) => ({
    born: ${BORN},
    fetched: await Promise.all(hosts.map((host) =>
      said(async () => (await fetch("http://" + host)).text()))),
    connected: await Promise.all(hosts.map((host) => said(() => connect(host)))),
    variable: await said(() => Deno.env.get("GRANTED")),
  })`;

interface Tried {
  readonly fetched: readonly string[];
  readonly connected: readonly string[];
  readonly variable: string;
}

let directory: string;
let servers: Server[];
let hosts: string[];
let engine: PooledEngine;
let kernel: Kernel;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "prepared-"));
  const runnerDirectory = join(directory, "runner");
  await writeRunner(await readRunner(), runnerDirectory);
  servers = await Promise.all([serve("a"), serve("b")]);
  hosts = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const settings = config({
    env: { GRANTED: "value" },
    isolatedNet: true,
    egress: { private: hosts },
    cluster: { min: MIN },
  });
  const launcher = new DenoProcessLauncher({
    instanceDirectory: directory,
    runnerDirectory,
    reach: { env: ["GRANTED"], net: true, read: [], write: [], sys: true },
  });
  engine = new PooledEngine(launcher, {
    ...settings.cluster,
    profile: { memory: settings.memory, cpus: settings.cpus },
    startConcurrency: 3,
    maxWaiting: 10,
    healthInterval: 60_000,
    onError: console.error,
  });
  kernel = new Kernel({ config: settings, engines: [engine] });
  engine.prewarm();
});
afterAll(async () => {
  await kernel.close();
  for (const server of servers) server.close();
  await rm(directory, { recursive: true });
});

async function serve(name: string): Promise<Server> {
  const server = createServer((_request, response) => void response.end(`reached ${name}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function tried(permissions: ExecuteRequest["permissions"]) {
  const request = { code: TRY, input: { hosts }, permissions, sandbox: engine.level };
  return executed<Tried>(kernel, request);
}

const REFUSED = "NotCapable";

describe("processes prepared for grants", { timeout: 120_000 }, () => {
  it("are taken from the second execution on, by turns, and reach what it is granted alone", async () => {
    const [a = "", b = ""] = hosts;
    await atRest(engine, MIN);
    const first = await tried({ net: [a], env: ["GRANTED"] });
    // One for hosts without a grant, and one that is prepared.
    await atRest(engine, MIN + 2);
    const other = await tried({ net: [b] });
    await atRest(engine, MIN + 2);
    expect([first.isPrepared, other.isPrepared]).toEqual([false, false]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await tried({ net: [a], env: ["GRANTED"] })).toMatchObject({
        isPrepared: true,
        result: {
          fetched: ["reached a", REFUSED],
          connected: ["connected", REFUSED],
          variable: "value",
        },
      });
      // The other grant was given once, and has its turn now.
      await atRest(engine, MIN + 3);
      expect(await tried({ net: [b] })).toMatchObject({
        isPrepared: true,
        result: {
          fetched: [REFUSED, "reached b"],
          connected: [REFUSED, "connected"],
          variable: REFUSED,
        },
      });
      expect(await tried({})).toMatchObject({
        isPrepared: true,
        result: { fetched: [REFUSED, REFUSED], connected: [REFUSED, REFUSED], variable: REFUSED },
      });
      await atRest(engine, MIN + 3);
    }
  });

  it("do not serve a grant of which they have more, or less", async () => {
    const [a = "", b = ""] = hosts;
    await tried({ net: [a, b] });
    await atRest(engine, MIN + 4);
    expect(await tried({ net: [a] })).toMatchObject({
      isPrepared: false,
      result: { fetched: ["reached a", REFUSED], variable: REFUSED },
    });
    await atRest(engine, MIN + 4);
    expect(await tried({ net: [a, b] })).toMatchObject({
      isPrepared: true,
      result: { fetched: ["reached a", "reached b"], connected: ["connected", "connected"] },
    });
  });

  it("are single-use, as all are", async () => {
    const [a = ""] = hosts;
    const code = `export default () => ({ born: ${BORN}, pid: Deno.pid, left: globalThis.left ??= 1 })`;
    const pids = new Set<number>();
    for (let turn = 0; turn < 3; turn += 1) {
      await atRest(engine, MIN + 5);
      const request = { code, permissions: { net: [a] }, sandbox: engine.level };
      const { isPrepared, result } = await executed<{ pid: number }>(kernel, request);
      expect(isPrepared).toBe(true);
      pids.add(result.pid);
    }
    expect(pids.size).toBe(3);
  });
});
