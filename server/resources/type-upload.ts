import type { Engine } from "../../src/engines/contract/contract.ts";
import { describeIn } from "../../src/resourcex/types/metadata.ts";
import { toType } from "../../src/resourcex/types/to-type.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { moduleOf, plainCode } from "../../src/resourcex/types/type-module.ts";
import { compileInTurn } from "../functions/deployment.ts";

/**
 * Makes a type of a tenant's source, which brings all it needs along. What it says of itself is read by `engine`, in a container, where
 * all of it runs, whatever level it asks for. Rejects with a `ResourceTypeError`, and as `engine` does.
 */
export async function uploadedType(
  engine: Pick<Engine, "execute">,
  tenant: string,
  source: string,
): Promise<BundledType> {
  const bundle = () => compileInTurn(tenant, () => plainCode(source, tenant));
  const describe = (code: string) =>
    describeIn(engine, () => compileInTurn(tenant, () => moduleOf(code, tenant)));
  const type = await toType("source", bundle, describe);
  return { ...type, sandbox: "container" };
}
