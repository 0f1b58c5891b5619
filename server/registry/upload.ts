import { transform } from "sucrase";
import { toType } from "../../src/resourcex/bundle.ts";
import { describeIn } from "../../src/resourcex/metadata.ts";
import type { BundledType } from "../../src/resourcex/type.ts";
import type { Hub } from "./hub.ts";

/**
 * Makes a type of a tenant's source. It brings all it needs along: a bundler that looks for imports
 * would look in this host's files. What it says of itself is read in a container, where all of it
 * runs, whatever level it asks for. Rejects with a `ResourceTypeError`.
 */
export async function uploadedType(hub: Hub, source: string): Promise<BundledType> {
  const engine = await hub.levels.engine("container");
  const type = await toType(
    "source",
    () => plainCode(source),
    (code) => describeIn(engine, code),
  );
  return { ...type, sandbox: "container" };
}

/** Not by the bundler, which computes enums: a short text can make that endless. */
async function plainCode(source: string): Promise<string> {
  return transform(source, { transforms: ["typescript"], disableESTransforms: true }).code;
}
