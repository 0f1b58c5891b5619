/** Tests that resources of both public forms run in containers, by the library and over HTTP. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  bundleResourceType,
  createRegistry,
  createRXA,
  FolderLoader,
  type Registry,
} from "../../src/resourcex/index.ts";
import { form, taggedForm } from "../helpers/registry-server.ts";
import { folderWith, resource, scratch } from "../helpers/resourcex.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";
import { taggedRegistry } from "../helpers/tagged-registry.ts";

/** A type that tells where it runs, and on what. */
const PLACE = `export default {
  name: "place", description: "", sandbox: "container",
  async resolve({ archive }) {
    const { readFileSync } = process.getBuiltinModule("node:fs");
    let host;
    try { host = readFileSync("/etc/hostname", "utf8"); } catch (error) { host = error.name; }
    return [host, String(await (await archive.extract()).file("content"))];
  },
}`;
const CONTAINED = ["NotCapable", "Hello"];

/** Two folders as the public formats have them: 2.17 and 2.4. */
const FOLDERS = [
  {
    what: "2.17",
    json: {
      name: "tagged",
      type: "place",
      tag: "1.0.0",
      registry: "example.com",
      path: "forms",
      description: "A folder of today",
      author: "Ada",
      license: "MIT",
      keywords: ["one", "two"],
      repository: "https://example.com/forms",
    },
    locators: ["example.com/forms/tagged:1.0.0", "example.com/forms/tagged.place@1.0.0"],
  },
  {
    what: "2.4",
    json: {
      name: "typed",
      type: "place",
      version: "1.0.0",
      domain: "example.com",
      path: "forms",
      description: "A folder with a version",
    },
    locators: ["example.com/forms/typed.place@1.0.0", "example.com/forms/typed:1.0.0"],
  },
] as const;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  const uploaded = await server.post({ source: PLACE }, undefined, "/api/v1/types");
  expect(uploaded.status).toBe(201);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

async function opened(mirror?: string): Promise<Registry> {
  const types = [await bundleResourceType(PLACE)];
  const path = await scratch();
  const registry = createRegistry({ path, types, ...(mirror !== undefined && { mirror }) });
  onTestFinished(() => registry.close());
  return registry;
}

function folderOf(json: object): Promise<string> {
  return folderWith({ "resource.json": JSON.stringify(json), content: "Hello" });
}

describe.each(FOLDERS)("a folder of ResourceX $what", ({ what, json, locators }) => {
  it("resolves in a container of the library, in both forms", async () => {
    const registry = await opened();
    await registry.add(await folderOf(json));
    for (const locator of SOAK ? [...locators, `example.com/forms/${json.name}`] : locators) {
      expect(await (await registry.resolve(locator)).execute()).toEqual(CONTAINED);
    }
  });

  it("resolves over HTTP and by a mirror, in both forms", async () => {
    const { manifest, archive } = await new FolderLoader().load(await folderOf(json));
    const { name } = json;
    const body =
      what === "2.17"
        ? await taggedForm(locators[0], { ...json })
        : await form(manifest, await archive.buffer());
    const published = await fetch(`${server.url}/api/v1/publish`, { method: "POST", body });
    expect([published.status, await published.json()]).toEqual([201, { locator: locators[0] }]);
    for (const locator of [...locators, `example.com/forms/${name}`]) {
      const answer = await server.post({ locator }, undefined, "/api/v1/resolve");
      expect(await answer.json()).toMatchObject({ result: CONTAINED });
    }
    for (const locator of SOAK ? locators : [locators[1]]) {
      const registry = await opened(`${server.url}/api/v1`);
      expect(await (await registry.resolve(locator)).execute()).toEqual(CONTAINED);
    }
    const path = encodeURIComponent(`example.com/forms/${name}:1.0.0`);
    const shown = await (await fetch(`${server.url}/api/v1/resource/${path}`)).json();
    const fields = { registry: "example.com", path: "forms", name, type: "place", tag: "1.0.0" };
    expect(shown).toEqual({ ...fields, digest: expect.stringMatching(/^sha256:[\da-f]{64}$/) });
    const query = encodeURIComponent(`example.com/forms/${name}.place@1.0.0`);
    const typed = await fetch(`${server.url}/api/v1/resource?locator=${query}`);
    expect(await typed.json()).toEqual(manifest.toJSON());
  });
});

it("a resource of a registry of today resolves in a container, if it has its digest", async () => {
  const given = await resource("example.com/forms/afar.place@2", "Hello");
  const { url } = await taggedRegistry([given]);
  const digest = await (async () => {
    const body = await taggedForm("example.com/forms/afar:2", { type: "place" });
    await fetch(`${server.url}/api/v1/publish`, { method: "POST", body });
    const path = encodeURIComponent("example.com/forms/afar:2");
    return (await (await fetch(`${server.url}/api/v1/resource/${path}`)).json()).digest;
  })();
  const sealed = `example.com/forms/afar:2@${digest}`;
  expect(await (await (await opened(url)).resolve(sealed)).execute()).toEqual(CONTAINED);
  const content = new Uint8Array(await (await createRXA({ content: "Forged" })).buffer());
  const forging = await taggedRegistry([given], { content });
  await expect((await opened(forging.url)).resolve(sealed)).rejects.toThrow("has the digest");
});
