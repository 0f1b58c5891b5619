import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tour } from "../../examples/resourcex/main.ts";
import { createRXA } from "../../src/resourcex/index.ts";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

const LOCATOR = "example.com/greetings/hello.text@1.0.0";

let directory: string;
let server: TestServer;
let site: Server;
/** Address of a site as `host:port`, which the server's ceiling allows. */
let host: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-resourcex-"));
  site = createServer((_request, response) => response.end("from outside"));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  host = `site.example.com:${(site.address() as AddressInfo).port}`;
  server = await TestServer.start({
    ISOLATE_EGRESS_HOSTS: '{"site.example.com":"127.0.0.1"}',
    ISOLATE_EGRESS_PRIVATE: host,
    ISOLATE_CEILING: JSON.stringify({ net: [host] }),
  });
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  site.close();
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

it("a type reaches the host that it asks for, and asks for no more than the ceiling", async () => {
  const types = (source: string) => server.post({ source }, undefined, "/api/v1/types");
  const reader = (net: string) => `export default {
    name: "reader", description: "", permissions: { net: [${JSON.stringify(net)}] },
    resolve: async (rxr, url) => \`\${rxr.locator}: \${await (await fetch(url)).text()}\`,
  }`;
  const refused = await types(reader("elsewhere.example.com"));
  expect(refused.status).toBe(403);
  expect(await refused.json()).toEqual({
    code: "PERMISSION_REFUSED",
    error: expect.stringMatching(/^permissions\.net\[0\]: .*exceeds the ceiling/),
  });
  expect(await (await types(reader(host))).json()).toMatchObject({ permissions: { net: [host] } });
  const plan = await server.post({ type: "reader" }, undefined, "/plan");
  expect(await plan.json()).toMatchObject({ egress: { allow: [host] }, refusals: [] });
  const form = new FormData();
  form.set("manifest", '{"domain":"example.com","name":"r","type":"reader","version":"1"}');
  form.set("archive", new Blob([new Uint8Array(await (await createRXA({})).buffer())]));
  await fetch(`${server.url}/api/v1/publish`, { method: "POST", body: form });
  await until(() => server.log.includes("The egress proxy is ready"));
  const run = async (args: string) => {
    // The wait for a sandbox is part of an execution's time.
    await server.ready();
    const asked = { locator: "example.com/r.reader@1", args };
    return (await server.post(asked, undefined, "/api/v1/resolve")).json();
  };
  const result = "example.com/r.reader@1: from outside";
  expect(await run(`http://${host}/`)).toMatchObject({ result });
  expect(await run("http://elsewhere.example.com/")).toMatchObject({
    code: "EXECUTION_FAILED",
    details: { name: "NotCapable" },
  });
  const { executions } = (await (await fetch(`${server.url}/executions`)).json()) as {
    executions: unknown[];
  };
  expect(executions).toContainEqual(
    expect.objectContaining({
      via: "resolve",
      outcome: "ok",
      permissions: expect.objectContaining({ net: [host] }),
    }),
  );
});

// The tests of the package run types at the other levels.
const LEVELS = ["container", ...(SOAK ? (["isolated", "none"] as const) : [])] as const;

it.each(LEVELS)(
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
