import { z } from "zod";
import { Aborted, IsolateError } from "../../src/base/errors.ts";
import {
  ContentError,
  LocatorError,
  ManifestError,
  RegistryError,
} from "../../src/resourcex/base/resourcex-errors.ts";
import { ExecutionError } from "../../src/resourcex/types/execution-errors.ts";
import type { ErrorShape } from "./error-shape.ts";
import { HttpProblem, isBeforeBody } from "./problem.ts";

/** Error codes of the registry and their statuses. */
const STATUSES = {
  LOCATOR_REQUIRED: 400,
  MANIFEST_REQUIRED: 400,
  ARCHIVE_REQUIRED: 400,
  CONTENT_REQUIRED: 400,
  INVALID_MANIFEST: 400,
  INVALID_LOCATOR: 400,
  MISSING_REQUIRED_FIELDS: 400,
  INVALID_ARCHIVE: 400,
  INVALID_TYPE: 400,
  INVALID_ARGUMENTS: 400,
  UNSUPPORTED_TYPE: 400,
  FORBIDDEN: 403,
  DOMAIN_FORBIDDEN: 403,
  RESOURCE_NOT_FOUND: 404,
  VERSION_EXISTS: 409,
  DIGEST_MISMATCH: 409,
  TYPE_EXISTS: 409,
  TYPES_LIMIT: 409,
  RESOURCES_LIMIT: 409,
  DOMAINS_LIMIT: 409,
  EXECUTION_FAILED: 422,
  INTERNAL_ERROR: 500,
  STORAGE_ERROR: 500,
} as const;

export type RegistryCode = keyof typeof STATUSES;

/** Refusal of a request to the registry. */
export class RegistryProblem extends Error {
  readonly code: RegistryCode;
  readonly details: unknown;

  constructor(code: RegistryCode, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Makes the registry's answer for a thrown value. */
export const REGISTRY_ERRORS: ErrorShape = {
  schema: z
    .object({ error: z.string(), code: z.string(), details: z.unknown().optional() })
    .meta({ id: "RegistryProblem" }),
  respond(thrown, requestId) {
    // The client has gone; 499 is the customary status for that.
    if (thrown instanceof Aborted) return new Response(null, { status: 499 });
    if (
      (thrown instanceof IsolateError && thrown.status !== 500) ||
      thrown instanceof HttpProblem
    ) {
      const { message, code, status, retryAfter } = thrown;
      const headers: Record<string, string> =
        thrown instanceof HttpProblem ? { ...thrown.headers } : {};
      if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
      if (isBeforeBody(status)) headers.Connection = "close";
      return Response.json({ error: message, code }, { status, headers });
    }
    const { code, message, details } = asProblem(thrown);
    if (STATUSES[code] !== 500) return respond(code, message, details);
    return respond(code, "Something went wrong on our side", { requestId });
  },
};

function asProblem(thrown: unknown): RegistryProblem {
  if (thrown instanceof RegistryProblem) return thrown;
  if (thrown instanceof LocatorError) return new RegistryProblem("INVALID_LOCATOR", thrown.message);
  if (thrown instanceof ManifestError) {
    return new RegistryProblem("INVALID_MANIFEST", thrown.message);
  }
  if (thrown instanceof ContentError) return new RegistryProblem("INVALID_ARCHIVE", thrown.message);
  if (thrown instanceof ExecutionError) {
    const { name, message } = thrown;
    return new RegistryProblem("EXECUTION_FAILED", message, { name });
  }
  const isStorage = thrown instanceof RegistryError;
  return new RegistryProblem(isStorage ? "STORAGE_ERROR" : "INTERNAL_ERROR", "");
}

function respond(code: RegistryCode, error: string, details: unknown): Response {
  const body = { error, code, ...(details !== undefined && { details }) };
  return Response.json(body, { status: STATUSES[code] });
}
