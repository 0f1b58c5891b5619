import type { Usage } from "./usage.ts";

/** Base of everything Isolate itself reports: a caller's mistake (4xx) or ours (5xx). */
export abstract class IsolateError extends Error {
  abstract override readonly name: string;
  /** Stable and machine-readable, for example `BAD_REQUEST`. */
  abstract readonly code: string;
  /** The HTTP status it maps to. */
  abstract readonly status: 400 | 403 | 409 | 413 | 415 | 429 | 500 | 503 | 507;
  /** Seconds after which a repetition may succeed. */
  retryAfter: number | undefined;
}

/** Something about one part of the request; `field` names it, and is empty for the whole. */
abstract class FieldError extends IsolateError {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** The request is malformed; `field` names the offending part, for example `permissions.net`. */
export class BadRequest extends FieldError {
  readonly name = "BadRequest";
  readonly code = "BAD_REQUEST";
  readonly status = 400;
}

/** The code or the whole request is larger than this host accepts. */
export class PayloadTooLarge extends FieldError {
  readonly name = "PayloadTooLarge";
  readonly code = "PAYLOAD_TOO_LARGE";
  readonly status = 413;
}

/** The body is not of a kind this route reads. */
export class UnsupportedMediaType extends IsolateError {
  readonly name = "UnsupportedMediaType";
  readonly code = "UNSUPPORTED_MEDIA_TYPE";
  readonly status = 415;
}

/** The level asked for cannot run here, now or at all; the message says what to do. */
export class EngineUnavailable extends IsolateError {
  readonly name = "EngineUnavailable";
  readonly code = "ENGINE_UNAVAILABLE";
  readonly status = 503;

  constructor(message: string, options: ErrorOptions & { retryAfter?: number } = {}) {
    super(message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** What an execution is granted of the network cannot be given at present. */
export class EgressUnavailable extends IsolateError {
  readonly name = "EgressUnavailable";
  readonly code = "EGRESS_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 2;
}

/** Every sandbox this host may run is in use, and the queue is full or the deadline has passed. */
export class HostBusy extends IsolateError {
  readonly name = "HostBusy";
  readonly code = "HOST_BUSY";
  readonly status = 503;
  override retryAfter: number | undefined = 1;
}

/** One tenant's executions have all of its share of the queue; others may well be served. */
export class TenantBusy extends IsolateError {
  readonly name = "TenantBusy";
  readonly code = "TENANT_BUSY";
  readonly status = 429;
  override retryAfter: number | undefined = 1;
}

/** The server is on its way out and accepts nothing new. */
export class ShuttingDown extends IsolateError {
  readonly name = "ShuttingDown";
  readonly code = "SHUTTING_DOWN";
  readonly status = 503;

  constructor() {
    super("The server is shutting down");
    this.retryAfter = 5;
  }
}

/** A plugin refuses the request, for a reason its caller may know. */
export class Veto extends IsolateError {
  readonly name = "Forbidden";
  readonly code = "VETOED";
  readonly status = 403;
}

/** The request asks for a permission nobody grants it here; `field` names which. */
export class PermissionError extends FieldError {
  readonly name = "PermissionError";
  readonly code = "PERMISSION_REFUSED";
  readonly status = 403;
}

/** The request asks for more than its tenant may have; `field` names what. */
export class TenantLimit extends FieldError {
  readonly name = "TenantLimit";
  readonly code = "TENANT_LIMIT";
  readonly status = 403;
}

/** A plugin has failed, and with it the execution it was called for. Its own error is the cause. */
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

/** A custom tool has failed on the host, and with it the execution that was to use it. */
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

/** The caller went away or aborted; the sandbox that worked for it has been destroyed. */
export class Aborted extends Error {
  override readonly name = "Aborted";
  /** What it took by then; absent if it had not begun. */
  usage?: Usage;

  constructor() {
    super("The execution was aborted by its caller");
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
