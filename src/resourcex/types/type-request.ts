import { mostReuse } from "../../base/reuse-mode.ts";
import type { TypeCall } from "../../engines/contract/type-call.ts";
import { isReusable } from "../../engines/run/reuse.ts";
import type { Tenant } from "../../request/tenant.ts";
import type { ExecuteRequest, Output } from "../../request/types.ts";
import { nameOfTool } from "../../tools/registry.ts";
import type { SerializedInput } from "../data/serialized.ts";
import { executionError } from "./execution-errors.ts";
import type { BundledType } from "./type.ts";

/** Most bytes of a composed type: less than a job may have with its archive. */
const CODE_LIMIT = 33_554_432;

/** Milliseconds in which a type's code has to return its metadata. */
const DESCRIBE_TIMEOUT = 5_000;

/** A request to a kernel, and how the call of a type differs from that of other code. */
export interface TypeExecution {
  readonly request: ExecuteRequest;
  readonly typeCall: TypeCall;
}

/**
 * Makes the request that calls the composed code of a type with a resource. The caller attaches its
 * archive.
 */
export function callOf(
  type: Omit<BundledType, "code">,
  code: string,
  { locator, manifest }: Omit<SerializedInput, "archive">,
  args: unknown,
  tenant: Tenant,
): TypeExecution {
  return {
    request: { ...permissionRequest(type, tenant), code, input: { locator, manifest, args } },
    typeCall: { codeLimit: CODE_LIMIT },
  };
}

/**
 * Makes the request of a type without its code, for what it would be granted. Executions share a
 * sandbox if the tenant and the tools allow it.
 */
export function permissionRequest(
  { permissions = "none", tools = [], sandbox = "none" }: Omit<BundledType, "code">,
  { reuse }: Tenant,
): ExecuteRequest {
  const reusable = mostReuse(reuse) === "code" && isReusable(tools.map(nameOfTool));
  return {
    code: "",
    tools: [...tools],
    permissions: permissions as ExecuteRequest["permissions"],
    sandbox,
    reuse: reusable ? "code" : "never",
  };
}

/** Makes the request that returns the metadata of a composed type. It is granted nothing. */
export function describeCall(
  code: string,
  sandbox: BundledType["sandbox"],
  mostTimeout = DESCRIBE_TIMEOUT,
): TypeExecution {
  const timeout = Math.min(DESCRIBE_TIMEOUT, mostTimeout);
  return {
    request: { code, entry: "describe", sandbox, timeout },
    typeCall: { codeLimit: CODE_LIMIT },
  };
}

/**
 * Returns the result of a successful output.
 *
 * @throws {ExecutionError} For any other output.
 */
export function resultOf(output: Output): unknown {
  if (output.ok) return output.result;
  throw executionError(output);
}
