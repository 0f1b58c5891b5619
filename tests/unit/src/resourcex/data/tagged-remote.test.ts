import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { RegistryError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { digestOf } from "../../../../../src/resourcex/data/digest.ts";
import type { RXR } from "../../../../../src/resourcex/data/resource.ts";
import { openRegistry } from "../../../../../src/resourcex/registry.ts";
import {
  contentOf,
  RecordingRunner,
  resource,
  scratch,
  text,
} from "../../../../helpers/resourcex.ts";
import { taggedRegistry } from "../../../../helpers/tagged-registry.ts";

const TYPED = "x.org/a/b.text@1.0.0";
const TAGGED = "x.org/a/b:1.0.0";
const WRONG = `sha256:${"0".repeat(64)}`;

async function opened(mirror: string | undefined, origin = "http://127.0.0.1:1") {
  const options = { path: await scratch(), ...(mirror !== undefined && { mirror }) };
  const remote = { wellKnown: () => `${origin}/known`, originOf: () => origin, timeout: 10_000 };
  return openRegistry(options, new RecordingRunner(), { builtins: [text], remote });
}

/** Starts a registry of the other form, which answers to `?locator=` alone. */
async function typedRegistry(given: RXR) {
  const listening = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const isKnown = ["x.org/a/b@1.0.0", TYPED].includes(searchParams.get("locator") ?? "");
    if (isKnown && pathname === "/resource") response.end(JSON.stringify(given.manifest));
    else if (isKnown && pathname === "/content") response.end(await given.archive.buffer());
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

describe("from a registry of today", () => {
  it("a resource is fetched by its tag, once, and is there in both forms", async () => {
    const mirror = await taggedRegistry([await resource(TYPED, "remote")]);
    const registry = await opened(mirror.url);
    expect(await contentOf(await registry.get(TAGGED))).toBe("remote");
    const path = encodeURIComponent(TAGGED);
    expect(mirror.asked).toEqual([`/api/v1/resource/${path}`, `/api/v1/content/${path}`]);
    for (const locator of [TAGGED, TYPED, "x.org/a/b"]) {
      expect(String((await registry.get(locator)).locator)).toBe(TYPED);
    }
    expect(mirror.asked).toHaveLength(2);
  });

  it("a resource is fetched by its type and version", async () => {
    const mirror = await taggedRegistry([await resource(TYPED, "remote")]);
    const registry = await opened(mirror.url);
    expect(await contentOf(await registry.get(TYPED))).toBe("remote");
    await expect(registry.get("x.org/a/b.json@1.0.0")).rejects.toThrow(
      "answers with x.org/a/b.text",
    );
  });

  it("a name with a dot is asked for as it is", async () => {
    const mirror = await taggedRegistry([await resource("x.org/gpt-4.5.text@latest", "dot")]);
    const registry = await opened(mirror.url);
    expect(await contentOf(await registry.get("x.org/gpt-4.5:latest"))).toBe("dot");
    expect(mirror.asked[0]).toBe(`/api/v1/resource/${encodeURIComponent("x.org/gpt-4.5:latest")}`);
  });

  it("latest is fetched as what it is there", async () => {
    const all = [await resource("x.org/a/b.text@1"), await resource("x.org/a/b.text@2", "new")];
    const registry = await opened((await taggedRegistry(all)).url);
    expect(String((await registry.get("x.org/a/b")).locator)).toBe("x.org/a/b.text@2");
  });

  it("that is the registry of the locator, and lists none", async () => {
    const own = await taggedRegistry([await resource(TYPED, "own")]);
    const registry = await opened(undefined, own.url.replace("/api/v1", ""));
    expect(await contentOf(await registry.get(TAGGED))).toBe("own");
    await expect(registry.get("x.org/c.text@1")).rejects.toThrow("Resource not found");
  });

  it("a manifest with a definition is read, too", async () => {
    const definition = { path: "a", name: "b", type: "text", tag: "1.0.0", registry: null };
    const more = { manifest: { definition, archive: {}, source: {}, name: 7 } };
    const { url } = await taggedRegistry([await resource(TYPED)], more);
    expect(String((await (await opened(url)).get(TAGGED)).locator)).toBe(TYPED);
  });

  it.each<[string, object, string]>([
    ["another registry", { registry: "y.org" }, "answers with y.org/a/b"],
    ["another name", { name: "c" }, "answers with x.org/a/c"],
    ["another tag", { tag: "2" }, "@2"],
    ["a path upwards", { path: "../.." }, "no manifest"],
    ["no type", { type: undefined }, "type is required"],
    ["a type that is a number", { type: 7 }, "type: "],
    ["a version, too", { version: "1.0.0" }, "'version' is of the other form"],
    ["a digest that is none", { digest: "sha256:1" }, "digest is not"],
    ["another digest than its content", { digest: WRONG }, "has the digest sha256:"],
  ])("nothing is taken that has %s", async (_what, manifest, message) => {
    const { url } = await taggedRegistry([await resource(TYPED)], { manifest });
    const registry = await opened(url);
    const getting = registry.get(TAGGED);
    await expect(getting).rejects.toThrow(RegistryError);
    await expect(getting).rejects.toThrow(message);
    expect(await registry.search()).toEqual([]);
  });

  it("content that has another digest than its locator is not taken", async () => {
    const given = await resource(TYPED);
    const right = await digestOf(given.archive);
    const other = await (await resource(TYPED, "forged")).archive.buffer();
    const forging = await opened((await taggedRegistry([given], { content: other })).url);
    await expect(forging.get(`${TAGGED}@${right}`)).rejects.toThrow("has the digest");
    expect(await forging.exists(TAGGED)).toBe(false);
    const honest = await opened((await taggedRegistry([given])).url);
    await expect(honest.get(`${TAGGED}@${WRONG}`)).rejects.toThrow("has the digest");
    expect(await contentOf(await honest.get(`${TAGGED}@${right}`))).toBe("Hello");
  });
});

it("from a registry of the other form, a tag is fetched as its version", async () => {
  const registry = await opened(await typedRegistry(await resource(TYPED, "typed")));
  expect(await contentOf(await registry.get(TAGGED))).toBe("typed");
});
