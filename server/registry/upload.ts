import type { Engine } from "../../src/engines/engine.ts";
import { BadRequest } from "../../src/errors.ts";
import { toType } from "../../src/resourcex/bundle.ts";
import { asModule } from "../../src/resourcex/forms.ts";
import { describeIn } from "../../src/resourcex/metadata.ts";
import type { BundledType } from "../../src/resourcex/type.ts";
import { bundleInTurn } from "../functions/deployment.ts";

const FILE = "type.ts";

/**
 * Makes a type of a tenant's source. It brings all it needs along: a bundler that looks for imports
 * would look in this host's files. What it says of itself is read by `engine`, in a container, where
 * all of it runs, whatever level it asks for. Rejects with a `ResourceTypeError`, and as `engine` does.
 */
export async function uploadedType(
  engine: Pick<Engine, "execute">,
  tenant: string,
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
    const type = await toType("source", () => plainCode(tenant, source), describe);
    return { ...type, sandbox: "container" };
  } catch (error) {
    // That it was not run is not the type's fault.
    throw refused ?? error;
  }
}

/**
 * In the process that functions are bundled in: twenty nested parentheses keep a parser of TypeScript
 * busy for a minute, and a bundler computes enums, which a short text can make endless. What comes out
 * of it is harmless to parse again.
 */
async function plainCode(tenant: string, source: string): Promise<string> {
  try {
    return await bundleInTurn(tenant, { files: { [FILE]: asModule(source) }, main: FILE });
  } catch (error) {
    if (error instanceof BadRequest) throw new Error(error.message.replace(/^files: /, ""));
    throw error;
  }
}
