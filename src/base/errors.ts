import { SESSION_ENDS, type SessionEnd } from "./session-end.ts";
import type { Usage } from "./usage.ts";

/**
 * Base class of the errors that Isolate reports: a caller's mistake (4xx) or a failure of ours
 * (5xx).
 */
export abstract class IsolateError extends Error {
  abstract override readonly name: string;
  /** Stable code for programs, for example `BAD_REQUEST`. */
  abstract readonly code: string;
  /** HTTP status of the answer. */
  abstract readonly status: 400 | 403 | 409 | 410 | 413 | 415 | 429 | 500 | 502 | 503 | 507;
  /** Seconds after which a repetition may succeed. */
  retryAfter: number | undefined;
}

/**
 * An error in one part of the request. `field` names the part, and is empty for the whole request.
 */
abstract class FieldError extends IsolateError {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** Place of a fault in a source, counted from one. `frame` shows its line with a mark. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly frame: string;
}

/** The request is malformed; `field` names the offending part, for example `permissions.net`. */
export class BadRequest extends FieldError {
  readonly name = "BadRequest";
  readonly code = "BAD_REQUEST";
  readonly status = 400;
  /** Place in the source of a deployment. Absent if the fault has none. */
  readonly location: SourceLocation | undefined;

  constructor(field: string, message: string, location?: SourceLocation) {
    super(field, message);
    this.location = location;
  }
}

/** The code or the whole request is larger than this host accepts. */
export class PayloadTooLarge extends FieldError {
  readonly name = "PayloadTooLarge";
  readonly code = "PAYLOAD_TOO_LARGE";
  readonly status = 413;
}

/** The body has a media type that this route does not read. */
export class UnsupportedMediaType extends IsolateError {
  readonly name = "UnsupportedMediaType";
  readonly code = "UNSUPPORTED_MEDIA_TYPE";
  readonly status = 415;
}

/** The requested level cannot run here, now or at all. The message tells what to do. */
export class EngineUnavailable extends IsolateError {
  readonly name = "EngineUnavailable";
  readonly code = "ENGINE_UNAVAILABLE";
  readonly status = 503;

  constructor(message: string, options: ErrorOptions & { retryAfter?: number } = {}) {
    super(message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** The network access that an execution is granted is not available at present. */
export class EgressUnavailable extends IsolateError {
  readonly name = "EgressUnavailable";
  readonly code = "EGRESS_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 2;
}

/** The registry of packages does not answer, or not in time. */
export class RegistryUnavailable extends IsolateError {
  readonly name = "RegistryUnavailable";
  readonly code = "REGISTRY_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 5;
}

/** Answers of the registry of packages cannot be used. The message names the package. */
export class RegistryFailed extends IsolateError {
  readonly name = "RegistryFailed";
  readonly code = "REGISTRY_FAILED";
  readonly status = 502;
}

/** All sandboxes of this host are in use, and the queue is full or the deadline has passed. */
export class HostBusy extends IsolateError {
  readonly name = "HostBusy";
  readonly code = "HOST_BUSY";
  readonly status = 503;
  override retryAfter: number | undefined = 1;
}

/** The tenant's executions fill its share of the queue. Other tenants may still be served. */
export class TenantBusy extends IsolateError {
  readonly name = "TenantBusy";
  readonly code = "TENANT_BUSY";
  readonly status = 429;
  override retryAfter: number | undefined = 1;
}

/** The server is shutting down and accepts nothing new. */
export class ShuttingDown extends IsolateError {
  readonly name = "ShuttingDown";
  readonly code = "SHUTTING_DOWN";
  readonly status = 503;

  constructor() {
    super("The server is shutting down");
    this.retryAfter = 5;
  }
}

/** The session has ended, and its state is gone. `reason` tells why. */
export class SessionEnded extends IsolateError {
  readonly name = "SessionEnded";
  readonly code = "SESSION_ENDED";
  readonly status = 410;
  readonly reason: SessionEnd;

  constructor(reason: SessionEnd) {
    super(`The session has ended (${reason}): ${SESSION_ENDS[reason]}`);
    this.reason = reason;
  }
}

/** An execution runs in the session, which runs one at a time. */
export class SessionBusy extends IsolateError {
  readonly name = "SessionBusy";
  readonly code = "SESSION_BUSY";
  readonly status = 409;
  override retryAfter: number | undefined = 1;

  constructor() {
    super("An execution runs in the session; a session runs one at a time");
  }
}

/** A plugin refuses the request, for a reason that the caller may know. */
export class Veto extends IsolateError {
  readonly name = "Forbidden";
  readonly code = "VETOED";
  readonly status = 403;
}

/** The request asks for a permission that nobody grants it here. `field` names the permission. */
export class PermissionError extends FieldError {
  readonly name = "PermissionError";
  readonly code = "PERMISSION_REFUSED";
  readonly status = 403;
}

/** The request names a secret that its tenant does not have. `field` is its place in the list. */
export class SecretNotFound extends FieldError {
  readonly name = "SecretNotFound";
  readonly code = "SECRET_NOT_FOUND";
  readonly status = 400;
}

/** The request asks for more than its tenant may have. `field` names the limit. */
export class TenantLimit extends FieldError {
  readonly name = "TenantLimit";
  readonly code = "TENANT_LIMIT";
  readonly status = 403;
}

/** A plugin has failed, and so has the execution. `cause` is the plugin's own error. */
export class PluginError extends IsolateError {
  readonly name = "PluginError";
  readonly code = "PLUGIN_FAILED";
  readonly status = 500;
  readonly plugin: string;

  constructor(plugin: string, cause: unknown) {
    super(`Plugin "${plugin}" failed`, { cause });
    this.plugin = plugin;
  }
}

/** A custom tool has failed on the host, and so has the execution that should use it. */
export class ToolError extends IsolateError {
  readonly name = "ToolError";
  readonly code = "TOOL_FAILED";
  readonly status = 500;
  readonly tool: string;

  constructor(tool: string, reason: string, options?: ErrorOptions) {
    super(`Tool "${tool}" failed: ${reason}`, options);
    this.tool = tool;
  }
}

/** The caller has disconnected or aborted. The sandbox that worked for it has been destroyed. */
export class Aborted extends Error {
  override readonly name = "Aborted";
  /** Resources used by then; absent if it had not come to an engine. */
  usage?: Usage;

  constructor() {
    super("The execution was aborted by its caller");
  }
}

/** Returns the message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
