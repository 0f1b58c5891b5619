/** Tests a library that is created while its engine is away. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createIsolate } from "../../src/isolate.ts";
import { PrivateEngine } from "../helpers/private-engine.ts";

const { DOCKER_HOST } = process.env;

let engine: PrivateEngine;
let runDirectory: string;
beforeAll(async () => {
  engine = await PrivateEngine.create();
  await engine.stop();
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  process.env.DOCKER_HOST = `unix://${engine.socket}`;
});
afterAll(async () => {
  if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = DOCKER_HOST;
  await engine.dispose();
  await rm(runDirectory, { recursive: true });
});

it("waits for the engine and its image, and can run containers then", async () => {
  let isCreated = false;
  const creating = createIsolate({
    runDirectory,
    containers: true,
    useCluster: false,
    config: { sandbox: "container", timeout: 20_000 },
  });
  creating.then(
    () => {
      isCreated = true;
    },
    () => {},
  );
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(isCreated).toBe(false);
  await engine.start();
  const isolate = await creating;
  expect(await isolate.execute({ code: "export default () => 42" })).toMatchObject({ result: 42 });
  await isolate.close();
  expect(await engine.docker.listContainers({ all: true })).toEqual([]);
  expect(await readdir(runDirectory)).toEqual([]);
});
