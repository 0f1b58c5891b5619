import { expect, it } from "vitest";
import {
  createRXA,
  createRXM,
  deserializeRXR,
  parseRXL,
  serializeRXR,
} from "../../../../../src/resourcex/index.ts";
import {
  PROBED_FILES,
  PROBED_RESOURCE,
  RESOURCE_PROBE,
} from "../../../../contract/resource-probe.ts";

const probe = new Function(`return ${RESOURCE_PROBE}`)() as (resource: object) => unknown;

async function probed() {
  const manifest = createRXM({ domain: "localhost", name: "a", type: "test", version: "1" });
  const archive = await createRXA(PROBED_FILES);
  return { locator: parseRXL(manifest.toLocator()), manifest, archive };
}

it("a resource is on a host what a type gets in a sandbox", async () => {
  expect(await probe(await probed())).toStrictEqual(PROBED_RESOURCE);
});

it("a resource becomes plain data and comes back", async () => {
  const serialized = await serializeRXR(await probed());
  expect(serialized).toEqual({
    locator: "localhost/a.test@1",
    manifest: { domain: "localhost", name: "a", type: "test", version: "1" },
    archive: expect.any(Buffer),
  });
  const crossed = structuredClone(serialized);
  expect(await probe(deserializeRXR(crossed))).toStrictEqual(PROBED_RESOURCE);
});

it("keeps its own copy of the bytes", async () => {
  const serialized = await serializeRXR(await probed());
  const resource = deserializeRXR(serialized);
  serialized.archive.fill(0);
  expect((await resource.archive.extract()).paths()).toContain("content");
});

it.each<[string, object, string]>([
  ["a locator that is no text", { locator: 1 }, "LocatorError"],
  ["a manifest without a name", { manifest: { domain: "x.org" } }, "ManifestError"],
  ["a manifest that is none", { manifest: null }, "ManifestError"],
  ["an archive that is no bytes", { archive: "text" }, "ContentError"],
])("refuses %s", async (_what, change, name) => {
  const serialized = await serializeRXR(await probed());
  expect(() => deserializeRXR({ ...serialized, ...change })).toThrow(
    expect.objectContaining({ name }),
  );
});
