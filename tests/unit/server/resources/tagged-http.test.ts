/** Tests the routes and forms of ResourceX of today, beside those with a type. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Store } from "../../../../server/store/contract/store.ts";
import { openStore } from "../../../../server/store/open.ts";
import type { Engine } from "../../../../src/engines/contract/contract.ts";
import { createRXA } from "../../../../src/resourcex/archive/archive.ts";
import { createRegistry } from "../../../../src/resourcex/create-registry.ts";
import { digestOf } from "../../../../src/resourcex/data/digest.ts";
import {
  form,
  realmContainers,
  registryServer,
  taggedForm,
} from "../../../helpers/registry-server.ts";
import { storeDirectory } from "../../../helpers/store.ts";

const adminKey = "the-key-of-an-operator-of-the-tests";
const WRONG = `sha256:${"0".repeat(64)}`;
let engine: Engine;
const failures: unknown[] = [];
let directory: string;
let store: Store;
let served: ReturnType<typeof registryServer>;
let one: Record<string, string>;
let two: Record<string, string>;

beforeAll(async () => {
  directory = await storeDirectory();
  store = await openStore(directory);
  engine = await realmContainers();
  served = registryServer({ store, engine, adminKey, failures });
  [one, two] = [await served.tenant("one"), await served.tenant("two")];
}, 120_000);
afterAll(async () => {
  await engine.close();
  await store.close();
  await rm(dirname(directory), { recursive: true });
  expect(failures).toEqual([]);
});

async function send(route: string, init: RequestInit = {}, headers = one) {
  const all = { ...headers, ...(init.headers as object) };
  const response = await served.app.request(`/api/v1${route}`, { ...init, headers: all });
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson && init.method !== "HEAD" ? await response.json() : undefined;
  return { status: response.status, body: body as Record<string, unknown>, response };
}

const at = (route: string, locator: string) => `/${route}/${encodeURIComponent(locator)}`;

async function bytesOf(content: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await createRXA({ content })).buffer());
}

async function publish(locator: string, manifest: object, content = "Hello", headers = one) {
  const body = await taggedForm(locator, manifest, content);
  return send("/publish", { method: "POST", body }, headers);
}

async function publishTyped(manifest: object, headers = one) {
  return send("/publish", { method: "POST", body: await form(manifest) }, headers);
}

async function resolved(locator: string) {
  const init = { method: "POST", body: JSON.stringify({ locator }) };
  return send("/resolve", { ...init, headers: { "content-type": "application/json" } });
}

describe("what is published with a tag", () => {
  it("can be had, found, run and deleted by it, and by its type", async () => {
    const tag = "x.org/team/hello:1.0.0";
    const typed = "x.org/team/hello.text@1.0.0";
    const fields = { registry: "x.org", path: "team", name: "hello", type: "text", tag: "1.0.0" };
    expect(await publish(tag, fields)).toMatchObject({ status: 201, body: { locator: tag } });
    const digest = await digestOf(await createRXA({ content: "Hello" }));
    expect((await send(at("resource", tag))).body).toEqual({ ...fields, digest });
    expect((await send(at("resource", tag), { method: "HEAD" })).status).toBe(200);
    expect((await send(`/resource?locator=${typed}`)).body).toEqual({
      domain: "x.org",
      path: "team",
      name: "hello",
      type: "text",
      version: "1.0.0",
    });
    for (const route of [at("content", tag), `/content?locator=${tag}`]) {
      const { response } = await send(route);
      expect(response.headers.get("content-type")).toBe("application/gzip");
      const archive = await createRXA({ buffer: new Uint8Array(await response.arrayBuffer()) });
      expect(await digestOf(archive)).toBe(digest);
    }
    for (const locator of [tag, typed, "x.org/team/hello", `${tag}@${digest}`]) {
      expect(await resolved(locator)).toMatchObject({ body: { result: "Hello" } });
    }
    expect((await send("/search?q=team/hello")).body).toMatchObject({
      results: [{ locator: typed, version: "1.0.0", registry: "x.org", tag: "1.0.0" }],
    });
    expect(await publish(tag, fields)).toMatchObject({ body: { code: "VERSION_EXISTS" } });
    const gone = { status: 404, body: { code: "RESOURCE_NOT_FOUND" } };
    expect((await send(at("resource", tag), { method: "DELETE" })).status).toBe(204);
    expect(await send(at("resource", tag), { method: "DELETE" })).toMatchObject(gone);
    expect(await send(at("resource", tag))).toMatchObject(gone);
    expect(await send(at("content", tag))).toMatchObject(gone);
    expect((await send(at("resource", tag), { method: "HEAD" })).status).toBe(404);
  });

  it("takes from the locator what its manifest leaves out, and no more", async () => {
    const { body } = await publish("x.org/a/short:2", { type: "text" });
    expect(body).toEqual({ locator: "x.org/a/short:2" });
    expect((await publish("bare", { type: "text", name: "bare", tag: "7" })).body).toEqual({
      locator: "bare:7",
    });
    const here = { type: "text", registry: "localhost" };
    expect((await publish("localhost/here:latest", here)).body).toEqual({ locator: "here" });
    expect((await publish("there:1", { type: "text", registry: "x.org" })).body).toEqual({
      locator: "x.org/there:1",
    });
    expect((await send(at("resource", "bare:7"))).body).toMatchObject({ name: "bare", tag: "7" });
    expect((await send("/resource?locator=bare:7")).body).toMatchObject({ domain: "localhost" });
  });

  it("may have a dot in its name, which is no type's where tags are meant", async () => {
    expect((await publish("x.org/gpt-4.5:latest", { type: "text" })).status).toBe(201);
    for (const locator of ["x.org/gpt-4.5", "x.org/gpt-4.5:latest"]) {
      expect((await send(at("resource", locator))).body).toMatchObject({ name: "gpt-4.5" });
    }
    expect((await send("/resource?locator=x.org/gpt-4.5")).status).toBe(404);
    expect((await send("/resource?locator=x.org/gpt-4.5:latest")).status).toBe(200);
    expect((await send(at("resource", "x.org/gpt-4"))).status).toBe(404);
  });

  it("may be sent with a definition, whose other fields are dropped", async () => {
    const definition = { name: "nested", type: "text", tag: "1", author: "A", keywords: ["a"] };
    const { status } = await publish("x.org/nested:1", { definition, archive: {}, source: {} });
    expect(status).toBe(201);
  });

  it("is the newest, whatever was published with a version", async () => {
    for (const version of ["3", "1"]) {
      await publishTyped({ domain: "new.org", name: "a", type: "text", version });
      await sleep(5);
    }
    expect((await send(at("resource", "new.org/a"))).body).toMatchObject({ tag: "1" });
    await publish("new.org/a:2", { type: "json" }, "{}");
    expect((await send(at("resource", "new.org/a:latest"))).body).toMatchObject({ tag: "2" });
    expect((await resolved("new.org/a")).body).toMatchObject({ result: {} });
    // Only what is called latest is deleted without a tag.
    expect((await send(at("resource", "new.org/a"), { method: "DELETE" })).status).toBe(404);
    await send(at("resource", "new.org/a:2"), { method: "DELETE" });
    expect((await send(at("resource", "new.org/a"))).body).toMatchObject({ tag: "1" });
  });

  it("belongs to one type, and is refused where two have it", async () => {
    const fields = { domain: "two.org", name: "a", version: "1" };
    await publishTyped({ ...fields, type: "text" });
    expect(await publish("two.org/a:1", { type: "json" })).toMatchObject({
      status: 409,
      body: { code: "VERSION_EXISTS", error: "two.org/a.text@1 is already published" },
    });
    expect((await publishTyped({ ...fields, type: "json" })).status).toBe(201);
    for (const locator of ["two.org/a:1", "two.org/a"]) {
      const { status, body } = await send(at("resource", locator));
      expect({ status, code: body.code }).toEqual({ status: 400, code: "INVALID_LOCATOR" });
      expect(body.error).toMatch(/two\.org\/a\.(text|json)@1 and two\.org\/a\.(text|json)@1/);
    }
    expect((await send(at("resource", "two.org/a:1"), { method: "DELETE" })).status).toBe(400);
  });
});

describe("a digest", () => {
  it("of a locator is checked on every route", async () => {
    await publish("x.org/sealed:1", { type: "text" });
    const locator = `x.org/sealed:1@${WRONG}`;
    const mismatch = { status: 409, body: { code: "DIGEST_MISMATCH" } };
    expect(await send(at("resource", locator))).toMatchObject(mismatch);
    expect(await send(at("content", locator))).toMatchObject(mismatch);
    expect(await send(`/content?locator=${locator}`)).toMatchObject(mismatch);
    expect(await resolved(locator)).toMatchObject(mismatch);
    expect(await send(at("resource", locator), { method: "DELETE" })).toMatchObject(mismatch);
    expect((await send(at("resource", "x.org/sealed:1"))).status).toBe(200);
  });

  it("of a publication is checked before it is there", async () => {
    const mismatch = { status: 409, body: { code: "DIGEST_MISMATCH" } };
    expect(await publish(`x.org/forged:1@${WRONG}`, { type: "text" })).toMatchObject(mismatch);
    const told = { type: "text", digest: WRONG };
    expect(await publish("x.org/forged:1", told)).toMatchObject(mismatch);
    expect((await send(at("resource", "x.org/forged:1"))).status).toBe(404);
  });

  it("of what an earlier version of the server has stored is computed", async () => {
    const manifest = { domain: "old.org", name: "a", type: "text", version: "1" };
    const archive = await bytesOf("old");
    const row = { locator: "old.org/a.text@1", domain: "old.org", manifest, archive };
    await store.resources.publish("one", row);
    const digest = await digestOf(await createRXA({ content: "old" }));
    expect((await send(at("resource", "old.org/a:1"))).body).toMatchObject({ digest });
    expect((await send(at("content", `old.org/a:1@${digest}`))).status).toBe(200);
    expect((await send(at("content", `old.org/a:1@${WRONG}`))).status).toBe(409);
  });
});

describe("a publication with a tag is refused", () => {
  it.each<[string, string, string, object]>([
    ["with a version in the locator", "INVALID_LOCATOR", "x.org/a.text@1", { type: "text" }],
    ["upwards", "INVALID_LOCATOR", "x.org/../a:1", { type: "text" }],
    ["with an empty locator", "LOCATOR_REQUIRED", "", { type: "text" }],
    ["without a type", "MISSING_REQUIRED_FIELDS", "x.org/a:1", {}],
    ["with a type with a slash", "INVALID_LOCATOR", "x.org/a:1", { type: "text/plain" }],
    ["with a version", "INVALID_MANIFEST", "x.org/a:1", { type: "text", version: "1" }],
    ["with a domain", "INVALID_MANIFEST", "x.org/a:1", { type: "text", domain: "x.org" }],
    ["with another name", "INVALID_MANIFEST", "x.org/a:1", { type: "text", name: "b" }],
    ["with another tag", "INVALID_MANIFEST", "x.org/a:1", { type: "text", tag: "2" }],
    ["with another registry", "INVALID_MANIFEST", "x.org/a:1", { type: "text", registry: "y.org" }],
    [
      "with a registry, here",
      "INVALID_MANIFEST",
      "localhost/a:1",
      { type: "text", registry: "x.org" },
    ],
    ["with a tag, latest", "INVALID_MANIFEST", "x.org/a:latest", { type: "text", tag: "2" }],
    [
      "with a tag, latest of a digest",
      "INVALID_MANIFEST",
      `x.org/a:latest@${WRONG}`,
      { type: "text", tag: "2" },
    ],
    ["with a long name", "INVALID_MANIFEST", "x.org/a:1", { type: "text", name: "a".repeat(129) }],
    ["with a number as a tag", "INVALID_MANIFEST", "x.org/a:1", { type: "text", tag: 1 }],
  ])("%s", async (_what, code, locator, manifest) => {
    expect(await publish(locator, manifest)).toMatchObject({ status: 400, body: { code } });
  });

  it.each<[string, string, (body: FormData) => void]>([
    ["without content", "CONTENT_REQUIRED", (body) => body.delete("content")],
    ["without a manifest", "MANIFEST_REQUIRED", (body) => body.delete("manifest")],
    ["without a locator", "LOCATOR_REQUIRED", (body) => body.delete("locator")],
    ["with a text as content", "INVALID_ARCHIVE", (body) => body.set("content", "x")],
    ["with a broken archive", "INVALID_ARCHIVE", (body) => body.set("content", new Blob(["x"]))],
    ["with an archive, too", "INVALID_ARCHIVE", (body) => body.set("archive", new Blob(["x"]))],
    ["with broken JSON", "INVALID_MANIFEST", (body) => body.set("manifest", "{")],
  ])("%s", async (_what, code, change) => {
    const body = new FormData();
    body.set("locator", "x.org/refused:1");
    body.set("manifest", '{"type":"text"}');
    body.set("content", new Blob([await bytesOf("x")]));
    change(body);
    const answer = await send("/publish", { method: "POST", body });
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });

  it("with a locator beside an archive", async () => {
    const body = await form({ domain: "x.org", name: "both", type: "text", version: "1" });
    body.set("locator", `x.org/other:9@${WRONG}`);
    const error = "'archive' and 'locator' are of two forms: leave one out";
    expect(await send("/publish", { method: "POST", body })).toMatchObject({
      status: 400,
      body: { code: "INVALID_LOCATOR", error },
    });
    expect((await send(at("resource", "x.org/both:1"))).status).toBe(404);
  });

  it("of a manifest with both a version and a tag", async () => {
    const mixed = { domain: "x.org", name: "mixed", type: "text", version: "1", tag: "1" };
    const error = "'version' and 'tag' are of two forms: leave one out";
    expect(await publishTyped(mixed)).toMatchObject({ body: { code: "INVALID_MANIFEST", error } });
  });
});

it.each([
  ["/resource/%2e%2e%2fetc:1"],
  ["/content/x.org%2F..%2Fa:1"],
  ["/resource/a.text@1.0.0"],
  ["/resource/a:1@2"],
  ["/resource/a%00:1"],
  ["/resource?locator=a:1@2"],
  [`/content?locator=a.text@${WRONG}`],
])("the locator of %s is refused", async (route) => {
  expect(await send(route)).toMatchObject({ status: 400, body: { code: "INVALID_LOCATOR" } });
});

describe("of several tenants", () => {
  it("each publishes and deletes in domains of its own, and reads all, with a key", async () => {
    const fields = { type: "text" };
    expect((await publish("own.org/a:1", fields, "mine", {})).status).toBe(401);
    expect((await publish("own.org/a:1", fields, "mine", one)).status).toBe(201);
    const forbidden = { status: 403, body: { code: "DOMAIN_FORBIDDEN" } };
    expect(await publish("own.org/b:1", fields, "theirs", two)).toMatchObject(forbidden);
    expect(await publish("OWN.org/b:1", fields, "theirs", two)).toMatchObject(forbidden);
    const route = at("resource", "own.org/a:1");
    expect(await send(route, { method: "DELETE" }, two)).toMatchObject(forbidden);
    expect((await send(route, {}, two)).status).toBe(200);
    for (const path of [route, at("content", "own.org/a:1")]) {
      expect((await send(path, {}, {})).status).toBe(401);
    }
    expect((await send(route, { method: "DELETE" }, {})).status).toBe(401);
    expect((await send(route, { method: "DELETE" }, one)).status).toBe(204);
  });

  it("each stores no more than it may", async () => {
    const small = await served.tenant("small", { storage: 1_048_576 });
    expect(await publish("small.org/a:1", { type: "text" }, "a", small)).toMatchObject({
      status: 201,
    });
    const noise = randomBytes(1_500_000).toString("latin1");
    expect(await publish("small.org/a:2", { type: "text" }, noise, small)).toMatchObject({
      status: 413,
      body: { code: "STORAGE_TOO_LARGE" },
    });
  });

  it("nobody needs a key to see that there is a registry", async () => {
    expect((await send("/health", {}, {})).body).toEqual({ status: "ok" });
  });

  it("a page of another site publishes and deletes nothing", async () => {
    const headers = { ...one, "sec-fetch-site": "cross-site" };
    expect((await publish("x.org/foreign:1", { type: "text" }, "x", headers)).status).toBe(403);
    const init = { method: "DELETE" };
    expect((await send(at("resource", "x.org/a/short:2"), init, headers)).status).toBe(403);
  });
});

it("a server is a mirror for either form", async () => {
  const open = registryServer({ store, engine, failures }).app;
  await publish("mirrored.org/a/b:1", { type: "text" }, "from afar");
  const server = serve({ fetch: open.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  const digest = await digestOf(await createRXA({ content: "from afar" }));
  const locators = ["mirrored.org/a/b:1", "mirrored.org/a/b.text@1", "mirrored.org/a/b"];
  for (const locator of [...locators, `mirrored.org/a/b:1@${digest}`]) {
    const local = await mkdtemp(join(tmpdir(), "isolate-registry-"));
    onTestFinished(() => rm(local, { recursive: true }));
    const registry = createRegistry({ path: local, mirror });
    expect(await (await registry.resolve(locator)).execute()).toBe("from afar");
    await registry.close();
  }
});
