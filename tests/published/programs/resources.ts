/** Resources, their types, and a registry that runs them. */
import {
  type BundledType,
  builtinTypes,
  bundleResourceType,
  bundleResourceTypes,
  createRegistry,
  createRXA,
  createRXM,
  type ManifestFields,
  parseRXL,
  type RXR,
  type SandboxType,
  type SerializedRXR,
} from "isolate/resourcex";

export const bundled: BundledType = {
  name: "length",
  aliases: ["len"],
  description: "How many bytes there are",
  schema: { type: "object" },
  code: "export default { resolve: async (rxr) => (await rxr.archive.buffer()).length }",
  sandbox: "isolated",
};
export const levels: readonly SandboxType[] = ["none", "isolated", "container"];

/** A type as its source has it. */
export const shout = {
  name: "shout",
  aliases: ["loud"],
  description: "Loud text",
  schema: undefined,
  async resolve(rxr: RXR): Promise<string> {
    const files = await rxr.archive.extract();
    const content = await files.file("content");
    return content.toString("utf-8").toUpperCase();
  },
};

export async function open(path: string) {
  const one: BundledType = await bundleResourceType("shout.type.ts");
  const more: BundledType[] = await bundleResourceTypes(["a.type.ts", "b.type.ts"]);
  return createRegistry({ path, types: [...builtinTypes, bundled, one, ...more] });
}

/** Writes a resource down for another process. */
export async function write(resource: RXR): Promise<SerializedRXR> {
  return {
    locator: resource.locator.toString(),
    manifest: resource.manifest.toJSON(),
    archive: await resource.archive.buffer(),
  };
}

/** Reads what `write` wrote. */
export async function read(data: SerializedRXR): Promise<RXR> {
  return {
    locator: parseRXL(data.locator),
    manifest: createRXM(data.manifest as ManifestFields),
    archive: await createRXA({ buffer: data.archive }),
  };
}

export async function run(locator: string, path: string, args: unknown): Promise<unknown> {
  const registry = await open(path);
  const { resource, schema, execute } = await registry.resolve(locator);
  console.log(resource.manifest.type, schema);
  return execute(args);
}
