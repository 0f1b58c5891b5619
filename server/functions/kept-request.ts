import type { Cors } from "../../src/contract/cors.ts";
import type { Language } from "../../src/protocol/messages.ts";
import type { FunctionVersion } from "../store/contract/functions.ts";

type Kept = Pick<FunctionVersion, "kind" | "request">;

/** Fields of a kept request that are not the execution's: the server itself reads them. */
const STRIP_PREFIX = "stripPrefix";
const WRITTEN = "written";
const CORS = "cors";
const SCHEMA = "schema";
const DESCRIPTION = "description";

/** Language of bundled code as its deployment stated it, or `any` if it stated none. */
export type WrittenLanguage = Language | "any";

interface KeptFields {
  readonly stripPrefix?: boolean | undefined;
  readonly cors?: Cors | undefined;
  /** Absent: the deployment had files, or code that is kept as it came. */
  readonly written?: WrittenLanguage | undefined;
  /** JSON Schema of the input, and a text for those who call it. */
  readonly schema?: InputSchema | undefined;
  readonly description?: string | undefined;
}

export type InputSchema = Readonly<Record<string, unknown>>;

/** Adds these fields to a request, before it is kept. */
export function withKeptFields(
  { kind, request }: Kept,
  { stripPrefix = true, cors, written, schema, description }: KeptFields,
): FunctionVersion["request"] {
  return {
    ...request,
    ...(kind === "http" && { [STRIP_PREFIX]: stripPrefix }),
    ...(cors && { [CORS]: cors }),
    ...(written && { [WRITTEN]: written }),
    ...(schema && { [SCHEMA]: schema }),
    ...(description !== undefined && { [DESCRIPTION]: description }),
  };
}

/** Returns the stated language of code that was bundled with packages. */
export function writtenLanguage({ request }: Pick<Kept, "request">): WrittenLanguage | undefined {
  return request[WRITTEN] as WrittenLanguage | undefined;
}

/**
 * Tells whether an HTTP function's code sees paths from its own root. A version from before there was a
 * choice goes on to see the whole path.
 */
export function seesRoot({ request }: Pick<Kept, "request">): boolean {
  return request[STRIP_PREFIX] === true;
}

/** Returns an HTTP function's rules for pages of other sites. */
export function corsOf({ request }: Pick<Kept, "request">): Cors | undefined {
  return request[CORS] as Cors | undefined;
}

/** Returns the execution's part of a kept request. */
export function executionOf({ request }: Pick<Kept, "request">): FunctionVersion["request"] {
  const { [STRIP_PREFIX]: _read, [WRITTEN]: _written, [CORS]: _cors, ...others } = request;
  const { [SCHEMA]: _schema, [DESCRIPTION]: _description, ...execution } = others;
  return execution;
}

/** Returns the fields of a kept request that describe the function to its callers. */
export function describedAs({ request }: Pick<Kept, "request">) {
  const { [SCHEMA]: schema, [DESCRIPTION]: description } = request;
  return {
    ...(schema !== undefined && { schema: schema as InputSchema }),
    ...(description !== undefined && { description: description as string }),
  };
}
