import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, expectTypeOf, it } from "vitest";
import {
  type BundledType,
  builtinTypes,
  createRegistry,
  createRXA,
  createRXM,
  parseRXL,
  type RXR,
} from "../../../../src/resourcex/index.ts";

let path: string;
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "isolate-registry-"));
});
afterAll(() => rm(path, { recursive: true }));

const repeat: BundledType = {
  name: "repeat",
  description: "A text, several times",
  schema: { type: "object", required: ["times"], properties: { times: { type: "number" } } },
  code: `({ async resolve({ archive }, { times }) {
    const content = await (await archive.extract()).file("content");
    console.log("repeating");
    return content.toString().repeat(times);
  } })`,
};

async function resource(type: string, content: string): Promise<RXR> {
  const manifest = createRXM({ domain: "localhost", name: "a", type, version: "1" });
  const locator = parseRXL(manifest.toLocator());
  return { locator, manifest, archive: await createRXA({ content }) };
}

it("resolves with the caller's types, and runs each time anew", async () => {
  const lines: string[] = [];
  const registry = createRegistry({
    path,
    types: [...builtinTypes, repeat],
    onLog: ({ message }, { locator, type }) => lines.push(`${locator} ${type}: ${message}`),
  });
  await registry.add(await resource("repeat", "ab"));
  const { execute } = await registry.resolve<{ times: number }, string>("a.repeat@1");
  expectTypeOf(execute).returns.resolves.toEqualTypeOf<string>();
  expect(await execute({ times: 2 })).toBe("abab");
  expect(await execute({ times: 3 })).toBe("ababab");
  expect(lines).toEqual(Array(2).fill("localhost/a.repeat@1 repeat: repeating"));
  // @ts-expect-error There is such a field, but no text in it.
  await expect(execute({ times: "2" })).rejects.toThrow('"times"');
  // @ts-expect-error It cannot be left out.
  await expect(execute()).rejects.toThrow('"times"');
  await registry.delete("a.repeat@1");
  // Everything needed was read before.
  expect(await execute({ times: 1 })).toBe("ab");
  await expect(registry.resolve("a.repeat@1")).rejects.toThrow("Resource not found: a.repeat@1");
  await registry.close();
  await expect(execute({ times: 1 })).rejects.toThrow("closed");
});

it("execute after delete fails if the content was not read before", async () => {
  const registry = createRegistry({ path });
  await registry.add(await resource("text", "x"));
  const { execute } = await registry.resolve("a.text@1");
  await registry.delete("a.text@1");
  await expect(execute()).rejects.toMatchObject({
    name: "RegistryError",
    message: "Resource not found: localhost/a.text@1",
  });
  await registry.close();
});

it("may be told the built-in types again, and starts nothing for what it does not run", async () => {
  const registry = createRegistry({ path, types: [...builtinTypes], isolator: "e2b" });
  await registry.add(await resource("json", "{}"));
  expect((await registry.search()).map(String)).toEqual(["localhost/a.json@1"]);
  await registry.close();
});
