import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiEnv } from "../../../../server/http/route.ts";
import type { ResourceService } from "../../../../server/resources/resource-service.ts";
import type { Store } from "../../../../server/store/contract/store.ts";
import { openStore } from "../../../../server/store/open.ts";
import type { Engine } from "../../../../src/engines/contract/contract.ts";
import { createRXA } from "../../../../src/resourcex/archive/archive.ts";
import { createRegistry } from "../../../../src/resourcex/create-registry.ts";
import { sample } from "../../../contract/case-choice.ts";
import { ownTime } from "../../../helpers/own-time.ts";
import {
  form,
  MANIFEST,
  realmContainers,
  registryServer,
} from "../../../helpers/registry-server.ts";
import { storeDirectory } from "../../../helpers/store.ts";

let engine: Engine;
const failures: unknown[] = [];
let directory: string;
let store: Store;
let app: Hono<ApiEnv>;

function open(broken: Partial<ResourceService> = {}): Hono<ApiEnv> {
  return registryServer({ store, engine, broken, failures }).app;
}

beforeAll(async () => {
  directory = await storeDirectory();
  store = await openStore(directory);
  engine = await realmContainers();
  app = open();
}, 120_000);
afterAll(async () => {
  await engine.close();
  await store.close();
  await rm(dirname(directory), { recursive: true });
});

const LOCATOR = "x.org/team/hello.text@1.0.0";

function withAliases(count: number): string {
  const aliases = Array.from({ length: count }, (_, n) => `also-${n}`);
  return `export default { name: "named", aliases: ${JSON.stringify(aliases)}, resolve() {} }`;
}

async function send(route: string, init?: RequestInit) {
  const response = await app.request(`/api/v1${route}`, init);
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson && init?.method !== "HEAD" ? await response.json() : undefined;
  return { status: response.status, body: body as Record<string, unknown>, response };
}

function post(route: string, body: unknown) {
  const headers = { "content-type": "application/json" };
  return send(route, { method: "POST", headers, body: JSON.stringify(body) });
}

async function publish(manifest: unknown, content?: string | Uint8Array) {
  return send("/publish", { method: "POST", body: await form(manifest, content) });
}

describe("what is published", () => {
  it("can be had, found, run and deleted", async () => {
    expect(await publish(MANIFEST)).toMatchObject({ status: 201, body: { locator: LOCATOR } });
    expect((await send(`/resource?locator=${LOCATOR}`)).body).toEqual(MANIFEST);
    expect(await send(`/resource?locator=${LOCATOR}`, { method: "HEAD" })).toMatchObject({
      status: 200,
    });
    const { response } = await send(`/content?locator=${LOCATOR}`);
    const archive = await createRXA({ buffer: new Uint8Array(await response.arrayBuffer()) });
    expect(String(await (await archive.extract()).file("content"))).toBe("Hello");
    const result = { locator: LOCATOR, ...MANIFEST, registry: "x.org", tag: "1.0.0" };
    expect((await send("/search?q=HELL&type=text&domain=x.org")).body).toEqual({
      results: [result],
      total: 1,
    });
    expect((await send("/search?q=hello&offset=1")).body).toEqual({ results: [], total: 1 });
    expect((await send("/search?type=json")).body).toEqual({ results: [], total: 0 });
    expect(await post("/resolve", { locator: LOCATOR })).toMatchObject({
      status: 200,
      body: { result: "Hello", meta: { locator: LOCATOR, executionTimeMs: expect.any(Number) } },
    });
    expect(await publish(MANIFEST)).toMatchObject({
      status: 409,
      body: { code: "VERSION_EXISTS" },
    });
    const gone = { status: 404, body: { code: "RESOURCE_NOT_FOUND", error: expect.any(String) } };
    expect((await send(`/resource?locator=${LOCATOR}`, { method: "DELETE" })).status).toBe(204);
    expect(await send(`/resource?locator=${LOCATOR}`, { method: "DELETE" })).toMatchObject(gone);
    expect(await send(`/resource?locator=${LOCATOR}`)).toMatchObject(gone);
    expect(await send(`/content?locator=${LOCATOR}`)).toMatchObject(gone);
    expect(await post("/resolve", { locator: LOCATOR })).toMatchObject(gone);
    expect((await send(`/resource?locator=${LOCATOR}`, { method: "HEAD" })).status).toBe(404);
  });

  it("can be of a type that does not run here", async () => {
    const manifest = { ...MANIFEST, type: "strange" };
    expect((await publish(manifest)).status).toBe(201);
    expect(await post("/resolve", { locator: "x.org/team/hello.strange@1.0.0" })).toMatchObject({
      status: 400,
      body: { code: "UNSUPPORTED_TYPE", error: "Unsupported resource type: strange" },
    });
  });

  it("can be 10 MB large, and not larger than an archive may be", async () => {
    const content = randomBytes(10_000_000);
    const archive = await (await createRXA({ content })).buffer();
    const manifest = { ...MANIFEST, name: "large", type: "binary" };
    expect((await publish(manifest, archive)).status).toBe(201);
    const tooLarge = await publish({ ...manifest, name: "larger" }, new Uint8Array(17_000_000));
    expect(tooLarge).toMatchObject({ status: 413, body: { code: "PAYLOAD_TOO_LARGE" } });
  });
});

it("of two that publish the same version at once, one is first", async () => {
  const manifest = { ...MANIFEST, name: "race" };
  const answers = await Promise.all([publish(manifest, "a"), publish(manifest, "b")]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

describe("a request is refused", () => {
  it.each<[string, string, string, RequestInit?]>([
    ["without a locator", "LOCATOR_REQUIRED", "/resource"],
    ["with a locator upwards", "INVALID_LOCATOR", "/content?locator=x.org/../../etc/passwd.text@1"],
    ["with a locator without a name", "INVALID_LOCATOR", "/resource?locator=@1"],
    ["with a count that is none", "BAD_REQUEST", "/search?limit=-1"],
  ])("%s", async (_why, code, route, init) => {
    const { status, body } = await send(route, init);
    expect({ status, body }).toEqual({ status: 400, body: { code, error: expect.any(String) } });
  });

  it.each<[string, string, unknown, (string | Uint8Array)?]>([
    ["a manifest", "MANIFEST_REQUIRED", undefined],
    ["JSON in the manifest", "INVALID_MANIFEST", "{"],
    [
      "a manifest of a sensible size",
      "INVALID_MANIFEST",
      { ...MANIFEST, name: "long", more: "[".repeat(65_536) },
    ],
    ["a field", "MISSING_REQUIRED_FIELDS", { ...MANIFEST, version: "" }],
    ["a field at all", "MISSING_REQUIRED_FIELDS", null],
    ["a good name", "INVALID_LOCATOR", { ...MANIFEST, name: "../../etc" }],
    ["a good archive", "INVALID_ARCHIVE", { ...MANIFEST, name: "bad" }, Buffer.from("no archive")],
  ])("to publish without %s", async (_what, code, manifest, content) => {
    expect(await publish(manifest, content)).toMatchObject({ status: 400, body: { code } });
    expect((await send("/search?q=bad")).body).toEqual({ results: [], total: 0 });
  });

  it("to publish without an archive", async () => {
    const body = await form(MANIFEST);
    body.delete("archive");
    const missing = await send("/publish", { method: "POST", body });
    expect(missing).toMatchObject({ status: 400, body: { code: "ARCHIVE_REQUIRED" } });
    body.set("archive", "text");
    const text = await send("/publish", { method: "POST", body });
    expect(text).toMatchObject({ status: 400, body: { code: "INVALID_ARCHIVE" } });
  });

  it.each<[string, Record<string, string>]>([
    ["as it says", { "sec-fetch-site": "cross-site", origin: "http://localhost" }],
    ["by its origin", { origin: "https://evil.example", host: "localhost" }],
    ["without an origin", { origin: "null", host: "localhost" }],
  ])("to publish from a page of another site, %s", async (_how, headers) => {
    const manifest = { ...MANIFEST, name: "foreign" };
    const init = { method: "POST", body: await form(manifest), headers };
    expect(await send("/publish", init)).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect((await send("/search?q=foreign")).body).toMatchObject({ total: 0 });
    const own = { origin: "http://localhost", host: "localhost" };
    expect((await send("/publish", { ...init, headers: own })).status).toBe(201);
    await send("/resource?locator=x.org/team/foreign.text@1.0.0", { method: "DELETE" });
  });

  it("to publish what is no form", async () => {
    const body = "{}";
    const json = { method: "POST", body, headers: { "content-type": "application/json" } };
    expect((await send("/publish", json)).status).toBe(415);
    const broken = { ...json, headers: { "content-type": "multipart/form-data; boundary=x" } };
    expect(await send("/publish", broken)).toMatchObject({ status: 400 });
  });
});

describe("types", () => {
  const source = `export default {
    name: "shout", description: "Loud text", sandbox: "none",
    schema: { type: "object", properties: { times: { type: "number" } } },
    async resolve(rxr: any, args: { times?: number } = {}): Promise<string> {
      console.log("shouting");
      if (args.times === 0) throw new RangeError("not even once");
      const text = String(await (await rxr.archive.extract()).file("content"));
      return text.toUpperCase().repeat(args.times ?? 1);
    },
  };`;

  it("can be uploaded, run in containers alone, and outlive the server", async () => {
    const described = {
      name: "shout",
      aliases: [],
      description: "Loud text",
      schema: expect.any(Object),
      sandbox: "container",
    };
    const uploaded = await post("/types", { source });
    expect(uploaded).toMatchObject({ status: 201, body: described });
    expect(await post("/types", { source })).toMatchObject({
      status: 409,
      body: { code: "TYPE_EXISTS", error: "Type 'shout' is already registered" },
    });
    app = open();
    const { body } = await send("/types");
    expect((body.types as { name: string }[]).map(({ name }) => name)).toEqual([
      "text",
      "json",
      "binary",
      "shout",
    ]);
    const locator = "x.org/a.shout@1";
    await publish({ domain: "x.org", name: "a", type: "shout", version: "1" }, "hey");
    expect(await post("/resolve", { locator, args: { times: 2 } })).toMatchObject({
      status: 200,
      body: { result: "HEYHEY", meta: { logs: [{ level: "log", message: "shouting" }] } },
    });
    expect(await post("/resolve", { locator, args: { times: "2" } })).toMatchObject({
      status: 400,
      body: { code: "INVALID_ARGUMENTS", error: expect.stringContaining('"times"') },
    });
    expect(await post("/resolve", { locator, args: { times: 0 } })).toMatchObject({
      status: 422,
      body: { code: "EXECUTION_FAILED", error: "not even once", details: { name: "RangeError" } },
    });
  });

  const enums = Array.from({ length: 64 }, (_, n) => `e${n + 1} = e${n} + e${n}`).join(", ");
  it.each(
    sample(
      [
        ["that is none", undefined, "required"],
        ["that does not parse", "export default {", "Failed to bundle source"],
        ["without a name", "export default { resolve() {} }", "must have a name"],
        ["without resolve", "export default { name: 'x' }", "must have a resolve function"],
        ["that imports a file", "import './x.ts'; export default 1", 'There is no "./x.ts"'],
        [
          "that imports a file of the host",
          "export { default } from '/etc/passwd'",
          'Cannot import "/etc/passwd"',
        ],
        ["that loops", "for (;;); export default 1", "TimeoutError"],
        ["with 17 aliases", withAliases(17), "more than 16"],
        ["with a bad name", "export default { name: '../x', resolve() {} }", "letter or digit"],
        [
          "whose enum would be endless",
          `enum E { e0 = "x", ${enums} } export default E`,
          "limits of time and memory",
        ],
        ["whose every word is a mistake", "yield ".repeat(16_000), "limits of time and memory"],
      ],
      3,
    ),
  )("are refused for a source %s", async (_why, bad, message) => {
    const { status, body } = await post("/types", { source: bad });
    expect(status).toBe(400);
    expect(body).toEqual({ code: "INVALID_TYPE", error: expect.stringContaining(message) });
  });

  it("may have 16 aliases", async () => {
    expect(await post("/types", { source: withAliases(16) })).toMatchObject({ status: 201 });
  });

  /** Returns the longest time for which the event loop was blocked by itself, and not by other processes. */
  async function longestPause(work: () => Promise<unknown>): Promise<number> {
    let longest = 0;
    let taken = ownTime();
    const look = (): void => {
      longest = Math.max(longest, taken());
      taken = ownTime();
    };
    const timer = setInterval(look, 10);
    await work();
    clearInterval(timer);
    look();
    return longest;
  }

  it.each([
    ["that is nested", `${"x=<a>(".repeat(18)}1`],
    ["that is a long expression", `(${"[1],".repeat(250_000)}1)`],
  ])("hold up nobody while a source is read %s", async (_what, bad) => {
    const pause = await longestPause(async () => {
      expect(await post("/types", { source: bad })).toMatchObject({ status: 400 });
    });
    expect(pause).toBeLessThan(800);
  });

  it("hold up nobody while arguments are checked", async () => {
    const slow = `export default { name: "slow", resolve() {},
      schema: { properties: { a: { pattern: "^(a+)+$" } } } }`;
    expect(await post("/types", { source: slow })).toMatchObject({ status: 201 });
    await publish({ domain: "x.org", name: "a", type: "slow", version: "1" }, "hey");
    const args = { a: `${"a".repeat(40)}!` };
    const pause = await longestPause(async () => {
      expect(await post("/resolve", { locator: "x.org/a.slow@1", args })).toMatchObject({
        status: 400,
        body: { code: "INVALID_ARGUMENTS", error: expect.stringContaining("timed out") },
      });
    });
    expect(pause).toBeLessThan(800);
  });

  it("are refused for a source that is too large", async () => {
    const { status } = await post("/types", { source: " ".repeat(1_048_577) });
    expect(status).toBe(413);
  });
});

it("our own failures are told to the log, not to the caller", async () => {
  const resources = {
    get: async () => {
      throw new Error("a secret");
    },
  } as unknown as ResourceService["resources"];
  const broken = open({ resources });
  const answer = await broken.request("/api/v1/resource?locator=x.org/a.text@1");
  expect(answer.status).toBe(500);
  const body = await answer.text();
  expect(JSON.parse(body)).toMatchObject({ details: { requestId: expect.any(String) } });
  expect(body).not.toContain("a secret");
  expect(failures).toHaveLength(1);
});

it("a server is a registry that another one's mirror can be", async () => {
  await publish({ ...MANIFEST, name: "mirrored" }, "from afar");
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const known = await fetch(`${origin}/.well-known/resourcex`);
  expect(await known.json()).toEqual({ registries: [`${origin}/api/v1`] });
  const local = await mkdtemp(join(tmpdir(), "isolate-registry-"));
  const registry = createRegistry({ path: local, mirror: `${origin}/api/v1` });
  const { execute } = await registry.resolve("x.org/team/mirrored.text@1.0.0");
  expect(await execute()).toBe("from afar");
  await new Promise((resolve) => server.close(resolve));
  // Stored: the server is gone by now.
  expect(await registry.exists("x.org/team/mirrored.text@1.0.0")).toBe(true);
  expect(await (await registry.resolve("x.org/team/mirrored.text@1.0.0")).execute()).toBe(
    "from afar",
  );
  await registry.close();
  await rm(local, { recursive: true });
});
