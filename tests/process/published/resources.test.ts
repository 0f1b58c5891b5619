/** Tests types and registry of resources as they were published: bundled, registered, run, sent on. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BundledType,
  builtinTypes,
  bundleResourceType,
  bundleResourceTypes,
  createRegistry,
  createRXA,
  createRXM,
  parseRXL,
  type Registry,
  type RXR,
} from "../../../src/resourcex/index.ts";

/** A type's source as its author writes it. SANDBOX stands for its level. */
const SHOUT = `
type RXR = { archive: { extract(): Promise<{ file(path: string): Promise<Buffer> }> } };
export default {
  name: "shout",
  aliases: ["loud"],
  description: "Loud text",
  schema: undefined,
  async resolve(rxr: RXR): Promise<string> {
    const files = await rxr.archive.extract();
    const content = await files.file("content");
    return content.toString("utf-8").toUpperCase();
  },
};`;

/** Shows all of a resource that its code sees. */
const PROBE = `export default {
  name: "probe",
  description: "What there is to see",
  sandbox: "isolated",
  schema: { type: "object", required: ["n"] },
  async resolve({ locator, manifest, archive }, args) {
    return [String(locator), locator.name, locator.toString(), manifest.type, manifest.toJSON().version,
      (await archive.buffer()).length > 0, args];
  },
}`;

let directory: string;
let shout: BundledType;
let probe: BundledType;
let registry: Registry;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-published-"));
  await writeFile(join(directory, "shout.type.ts"), SHOUT);
  shout = await bundleResourceType(join(directory, "shout.type.ts"));
  [probe] = (await bundleResourceTypes([PROBE])) as [BundledType];
  registry = createRegistry({
    path: join(directory, "registry"),
    runDirectory: join(directory, "run"),
    types: [...builtinTypes, shout, probe],
  });
  for (const type of ["text", "txt", "plaintext", "shout", "loud", "probe"]) {
    await registry.add(await resourceOf(type));
  }
});
afterAll(async () => {
  await registry.close();
  await rm(directory, { recursive: true });
});

async function resourceOf(type: string, content = "Hello"): Promise<RXR> {
  const manifest = createRXM({ domain: "localhost", name: "note", type, version: "1.0.0" });
  const archive = await createRXA({ content });
  return { locator: parseRXL(manifest.toLocator()), manifest, archive };
}

describe("a bundled type", () => {
  it("has the published fields, of a file and of a text", () => {
    expect(shout).toEqual({
      name: "shout",
      aliases: ["loud"],
      description: "Loud text",
      code: expect.stringContaining("toUpperCase"),
    });
    expect(probe).toMatchObject({ name: "probe", sandbox: "isolated", schema: { type: "object" } });
  });

  it("is there for text, JSON and bytes", () => {
    expect(builtinTypes.map(({ name }) => name)).toEqual(["text", "json", "binary"]);
    expect(builtinTypes[0]?.aliases).toEqual(["txt", "plaintext"]);
    for (const type of builtinTypes) {
      expect(type.code).toContain("resolve");
      expect(type.description).not.toBe("");
      expect(["none", undefined]).toContain(type.sandbox);
    }
  });

  it("comes in the order of its sources", async () => {
    const other = SHOUT.replace('"shout"', '"other"').replace('"loud"', '"second"');
    const types = await bundleResourceTypes([other, join(directory, "shout.type.ts")]);
    expect(types.map(({ name }) => name)).toEqual(["other", "shout"]);
  });
});

describe("a registry", () => {
  it.each([
    ["text", "Hello"],
    ["txt", "Hello"],
    ["plaintext", "Hello"],
    ["shout", "HELLO"],
    ["loud", "HELLO"],
  ])("runs %s by its name or alias", async (type, result) => {
    const { resource, schema, execute } = await registry.resolve(`note.${type}@1.0.0`);
    expect(resource.manifest.type).toBe(type);
    expect(schema).toBeUndefined();
    expect(await execute()).toBe(result);
  });

  it("hands a resource and arguments to code elsewhere", async () => {
    const { schema, execute } = await registry.resolve("note.probe@1.0.0");
    expect(schema).toEqual({ type: "object", required: ["n"] });
    const locator = "localhost/note.probe@1.0.0";
    const found = [locator, "note", locator, "probe", "1.0.0", true, { n: 1 }];
    expect(await execute({ n: 1 })).toEqual(found);
    await expect(execute({})).rejects.toMatchObject({ name: "ResourceTypeError" });
  });

  it("knows no type that was not given to it", async () => {
    await expect(registry.add(await resourceOf("video"))).rejects.toThrow(
      "Unsupported resource type: video",
    );
  });

  it("runs code in this process unless its type says otherwise", async () => {
    const codeOf = (name: string, sandbox?: "isolated"): BundledType => ({
      name,
      description: "",
      code: "export default { resolve: () => process.pid }",
      ...(sandbox && { sandbox }),
    });
    const own = createRegistry({
      path: join(directory, "levels"),
      runDirectory: join(directory, "run"),
      types: [codeOf("here"), codeOf("there", "isolated")],
    });
    const run = async (type: string) => {
      await own.add(await resourceOf(type));
      return (await own.resolve(`note.${type}@1.0.0`)).execute();
    };
    expect(await run("here")).toBe(process.pid);
    expect(await run("there")).not.toBe(process.pid);
    await own.close();
  });
});

it("a resource is the same after it was written down and read", async () => {
  const given = await resourceOf("text", "größe");
  const written = {
    locator: given.locator.toString(),
    manifest: given.manifest.toJSON(),
    archive: await given.archive.buffer(),
  };
  const read = {
    locator: parseRXL(written.locator),
    manifest: createRXM(written.manifest),
    archive: await createRXA({ buffer: written.archive }),
  };
  expect(read.locator.toString()).toBe("localhost/note.text@1.0.0");
  expect(read.manifest.toJSON()).toEqual(written.manifest);
  const content = await (await read.archive.extract()).file("content");
  expect(content.toString()).toBe("größe");
});
