import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tour } from "../../examples/resourcex/main.ts";
import { createRXA } from "../../src/resourcex/index.ts";
import { TestServer } from "../helpers/server.ts";

const LOCATOR = "example.com/greetings/hello.text@1.0.0";

let directory: string;
let server: TestServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-resourcex-"));
  server = await TestServer.start();
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  await rm(directory, { recursive: true });
});

async function publish(): Promise<Response> {
  const form = new FormData();
  const manifest = { domain: "example.com", path: "greetings", name: "hello", type: "text" };
  form.set("manifest", JSON.stringify({ ...manifest, version: "1.0.0" }));
  const archive = await createRXA({ content: "Hello from afar" });
  form.set("archive", new Blob([new Uint8Array(await archive.buffer())]));
  return fetch(`${server.url}/api/v1/publish`, { method: "POST", body: form });
}

it("a server keeps resources and types, and runs them in containers", async () => {
  expect((await publish()).status).toBe(201);
  const run = async (locator: string, args?: unknown) =>
    (await server.post({ locator, args }, undefined, "/api/v1/resolve")).json();
  expect(await run(LOCATOR)).toMatchObject({ result: "Hello from afar" });
  const source = `export default {
    name: "probe", description: "", sandbox: "none",
    resolve: () => process.getBuiltinModule("node:fs").readFileSync("/etc/hostname", "utf8"),
  }`;
  const uploaded = await server.post({ source }, undefined, "/api/v1/types");
  expect(await uploaded.json()).toMatchObject({ name: "probe", sandbox: "container" });
  const form = new FormData();
  form.set("manifest", '{"domain":"example.com","name":"p","type":"probe","version":"1"}');
  form.set("archive", new Blob([new Uint8Array(await (await createRXA({})).buffer())]));
  await fetch(`${server.url}/api/v1/publish`, { method: "POST", body: form });
  expect(await run("example.com/p.probe@1")).toMatchObject({
    code: "EXECUTION_FAILED",
    details: { name: "NotCapable" },
  });
});

it.each(["none", "isolated", "container"] as const)(
  "the example in examples/ works, mirror included, with level %s at least",
  async (level) => {
    const mirror = { url: `${server.url}/api/v1`, locator: LOCATOR };
    const path = join(directory, level);
    expect(await tour({ path, level, mirror })).toEqual({
      greeting: "Hello, world!\n",
      headings: new Map([
        ["someday.md", ["Someday"]],
        ["today.md", ["Today"]],
      ]),
      mirrored: "Hello from afar",
    });
  },
);
