import { transform } from "sucrase";
import type { Engine } from "../../src/engines/engine.ts";
import { toType } from "../../src/resourcex/bundle.ts";
import { describeIn } from "../../src/resourcex/metadata.ts";
import type { BundledType } from "../../src/resourcex/type.ts";

/**
 * Makes a type of a tenant's source. It brings all it needs along: a bundler that looks for imports
 * would look in this host's files. What it says of itself is read by `engine`, in a container, where
 * all of it runs, whatever level it asks for. Rejects with a `ResourceTypeError`, and as `engine` does.
 */
export async function uploadedType(
  engine: Pick<Engine, "execute">,
  source: string,
): Promise<BundledType> {
  let refused: unknown;
  const execute: Engine["execute"] = (...job) =>
    engine.execute(...job).catch((error: unknown) => {
      refused = error;
      throw error;
    });
  try {
    const describe = (code: string) => describeIn({ execute }, code);
    const type = await toType("source", () => plainCode(source), describe);
    return { ...type, sandbox: "container" };
  } catch (error) {
    // That it was not run is not the type's fault.
    throw refused ?? error;
  }
}

/** Not by the bundler, which computes enums: a short text can make that endless. */
async function plainCode(source: string): Promise<string> {
  return transform(source, { transforms: ["typescript"], disableESTransforms: true }).code;
}
