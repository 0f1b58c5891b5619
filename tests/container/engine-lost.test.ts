import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { PrivateEngine } from "../helpers/private-engine.ts";
import { TestServer } from "../helpers/server.ts";

const GOOD = { code: "export default (x) => x * 2", input: 21 };

describe("an engine that goes away and comes back", () => {
  let engine: PrivateEngine;
  let server: TestServer;
  beforeAll(async () => {
    engine = await PrivateEngine.create();
    server = await TestServer.start({ DOCKER_HOST: `unix://${engine.socket}` });
  });
  afterAll(async () => {
    expect(await server.dispose()).toEqual([]);
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
    await engine.dispose();
  });

  it("has its image built where there was none", async () => {
    const images = await engine.docker.listImages();
    const names = images.flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(names.filter((name) => name.startsWith("isolate-runner:"))).toHaveLength(1);
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
  });

  it("costs 503 with Retry-After what runs, and what does not wait for long", async () => {
    await server.ready();
    const loop = { code: "export default () => { while (true) {} }", timeout: 60_000 };
    const running = server.post(loop);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await engine.stop();
    expect((await running).status).toBe(503);
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 503);
    const response = await server.post({ ...GOOD, queueTimeout: 50 });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    expect(await response.json()).toMatchObject({ error: { name: "EngineUnavailable" } });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it("is waited for by what comes meanwhile, and used again with the leftovers gone", async () => {
    const asked = performance.now();
    const waiting = server.execute({ ...GOOD, timeout: 1_000 });
    await engine.start();
    const started = performance.now() - asked;
    const { usage, ...output } = await waiting;
    expect(output).toMatchObject({ ok: true, result: 42 });
    expect(usage.queued).toBeGreaterThan(Math.floor(started) - 100);
    await server.ready();
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
    await until(async () => {
      const states = await engine.docker.listContainers({ all: true });
      return states.every(({ State }) => State === "running" || State === "created");
    });
  });

  it("has its image built again when somebody removed it", async () => {
    const tag = /sandboxes run ([^\s"]+)/.exec(server.log)?.[1] ?? "";
    await engine.docker.getImage(tag).remove({ force: true });
    await server.execute(GOOD);
    await until(async () => {
      const images = await engine.docker.listImages();
      return images.some(({ RepoTags }) => RepoTags?.includes(tag));
    });
    await server.ready();
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
  });
});
