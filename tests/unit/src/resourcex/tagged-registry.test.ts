import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createRXA } from "../../../../src/resourcex/archive/archive.ts";
import { LocatorError, RegistryError } from "../../../../src/resourcex/base/resourcex-errors.ts";
import { digestOf } from "../../../../src/resourcex/data/digest.ts";
import { FileStorage, type ResourceStorage } from "../../../../src/resourcex/data/storage.ts";
import { withDomainValidation } from "../../../../src/resourcex/domain.ts";
import { found, opened } from "../../../helpers/registry.ts";
import { contentOf, HELLO, helloFolder, resource, scratch } from "../../../helpers/resourcex.ts";

const WRONG = `sha256:${"0".repeat(64)}`;
const TODAY = { name: "hello", type: "text", tag: "1.0.0" };

/** Stores resources one after the other, with time between them to be told apart by. */
async function stored(locators: readonly string[], storage?: ResourceStorage) {
  const { registry } = await opened(storage === undefined ? {} : { storage });
  for (const locator of locators) {
    await registry.add(await resource(locator, locator));
    await sleep(2);
  }
  return registry;
}

/** Hides what a storage of another's making may lack. */
async function oldStorage(): Promise<ResourceStorage> {
  const storage = new FileStorage(await scratch());
  return {
    get: (locator) => storage.get(locator),
    put: (given) => storage.put(given),
    exists: (locator) => storage.exists(locator),
    delete: (locator) => storage.delete(locator),
    list: () => storage.list(),
  };
}

describe("a folder of either form", () => {
  it.each<[string, object]>([
    ["of today", TODAY],
    ["with a version", HELLO],
  ])("%s is found and run in both forms", async (_what, json) => {
    const { registry } = await opened();
    await registry.add(await helloFolder("Hi", json));
    const locators = ["hello:1.0.0", "hello", "localhost/hello", "hello.text@1.0.0", "hello@1.0.0"];
    for (const locator of locators) {
      expect(String((await registry.get(locator)).locator)).toBe("localhost/hello.text@1.0.0");
      expect(await registry.exists(locator)).toBe(true);
      expect(await (await registry.resolve(locator)).execute()).toMatch(/: Hi$/);
    }
    for (const locator of ["hello:2", "hello.text:1.0.0", "a/hello:1.0.0", "hello.json@1.0.0"]) {
      await expect(registry.get(locator)).rejects.toThrow(`Resource not found: ${locator}`);
      expect(await registry.exists(locator)).toBe(false);
    }
  });

  it("is seen by its tag while it is linked", async () => {
    const { registry } = await opened();
    await registry.add(await helloFolder("stored", TODAY));
    await registry.link(await helloFolder("linked", TODAY));
    expect(await contentOf(await registry.get("hello:1.0.0"))).toBe("linked");
    await registry.delete("hello:1.0.0");
    expect(await registry.exists("hello")).toBe(false);
  });

  it("has its registry for a domain", async () => {
    const { registry } = await opened();
    await registry.add(await helloFolder("Hi", { ...TODAY, registry: "x.org:8443", path: "a" }));
    expect(await contentOf(await registry.get("x.org:8443/a/hello:1.0.0"))).toBe("Hi");
    const trusting = withDomainValidation(registry, "y.org");
    await expect(trusting.get("x.org:8443/a/hello:1.0.0")).rejects.toThrow("Untrusted domain");
  });
});

describe("the tag latest", () => {
  it("is what was stored last, whatever its number and type", async () => {
    const registry = await stored(["a.text@2", "a.text@10", "a.txt@1"]);
    for (const locator of ["a", "a:latest", "localhost/a:latest"]) {
      expect(await contentOf(await registry.get(locator))).toBe("a.txt@1");
    }
    await registry.add(await resource("a.text@2", "again"));
    expect(await contentOf(await registry.get("a"))).toBe("again");
    await registry.delete("a:2");
    expect(await contentOf(await registry.get("a"))).toBe("a.txt@1");
  });

  it("deletes what is called latest alone", async () => {
    const registry = await stored(["a.text@latest", "a.text@1"]);
    await registry.delete("a");
    expect(await found(registry.search())).toEqual(["localhost/a.text@1"]);
    await registry.delete("a");
    expect(await registry.exists("a:1")).toBe(true);
  });

  it("is not guessed of a storage that does not tell which is the newest", async () => {
    const registry = await stored(["a.text@1", "a.text@2", "b.text@1"], await oldStorage());
    expect(await contentOf(await registry.get("b"))).toBe("b.text@1");
    expect(await contentOf(await registry.get("a:2"))).toBe("a.text@2");
    await expect(registry.get("a")).rejects.toThrow(RegistryError);
  });
});

describe("a tag that several types have", () => {
  it("is refused with their names", async () => {
    const registry = await stored(["a.text@1", "a.txt@1"]);
    for (const locator of ["a:1", "a"]) {
      await expect(registry.get(locator)).rejects.toThrow(LocatorError);
      await expect(registry.get(locator)).rejects.toThrow("a.txt@1");
      await expect(registry.get(locator)).rejects.toThrow("a.text@1");
    }
    await expect(registry.delete("a:1")).rejects.toThrow("say which");
    expect(await contentOf(await registry.get("a.txt@1"))).toBe("a.txt@1");
  });
});

describe("a digest", () => {
  it("is that of the sorted files and their digests", async () => {
    const archive = await createRXA({ "b.md": "B", content: "A", "a/z": "" });
    const sha = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
    const lines = [`a/z:${sha("")}`, `b.md:${sha("B")}`, `content:${sha("A")}`];
    expect(await digestOf(archive)).toBe(sha(lines.join("\n")));
  });

  it("is checked wherever a locator has one", async () => {
    const registry = await stored(["a.text@1"]);
    const right = await digestOf((await registry.get("a:1")).archive);
    for (const locator of [`a:1@${right}`, `a@${right}`]) {
      expect(await contentOf(await registry.get(locator))).toBe("a.text@1");
      expect(await registry.exists(locator)).toBe(true);
    }
    const wrong = `a:1@${WRONG}`;
    await expect(registry.get(wrong)).rejects.toThrow(`digest ${right}, and not ${WRONG}`);
    await expect(registry.resolve(wrong)).rejects.toThrow("digest");
    expect(await registry.exists(wrong)).toBe(false);
    await expect(registry.delete(wrong)).rejects.toThrow("digest");
    expect(await registry.exists("a:1")).toBe(true);
    await registry.delete(`a:1@${right}`);
    expect(await registry.exists("a:1")).toBe(false);
  });

  it("of another resource keeps what is added out", async () => {
    const { registry } = await opened();
    const given = await resource("a.text@1");
    const locator = { name: "a", toString: () => `a:1@${WRONG}` };
    await expect(registry.add({ ...given, locator })).rejects.toThrow("digest");
    expect(await registry.exists("a:1")).toBe(false);
  });
});
