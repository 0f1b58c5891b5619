import { describeIn, type RunDescribe } from "../../src/resourcex/types/metadata.ts";
import { toType } from "../../src/resourcex/types/to-type.ts";
import type { BundledType } from "../../src/resourcex/types/type.ts";
import { moduleOf, plainCode } from "../../src/resourcex/types/type-module.ts";
import { compileInTurn } from "../functions/deployment.ts";

/**
 * Makes a type of a tenant's self-contained source. `run` reads its metadata in a container. All of
 * the type's code runs there, whatever level it asks for.
 *
 * @throws {ResourceTypeError} For a bad type.
 * @throws {Error} As `run` does.
 */
export async function uploadedType(
  run: RunDescribe,
  tenant: string,
  source: string,
): Promise<BundledType> {
  const bundle = () => compileInTurn(tenant, () => plainCode(source, tenant));
  const describe = (code: string) =>
    describeIn(run, () => compileInTurn(tenant, () => moduleOf(code, tenant)));
  const type = await toType("source", bundle, describe);
  return { ...type, sandbox: "container" };
}
