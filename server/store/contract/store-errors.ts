import { IsolateError } from "../../../src/base/errors.ts";

/** The store does not answer, or not in time. What was asked of it can be asked again. */
export class StoreUnavailable extends IsolateError {
  readonly name = "StoreUnavailable";
  readonly code = "STORE_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 2;
  /** Why, for the log alone: it names hosts, roles and paths that are no caller's to know. */
  readonly reason: string;

  /** `message` is what callers read. */
  constructor(message = "The store does not answer", reason = "") {
    super(message);
    this.reason = reason;
  }

  /** All that is known, for the operator. */
  get told(): string {
    return this.reason === "" ? this.message : `${this.message}: ${this.reason}`;
  }
}

/** What an operator is told whose store cannot be opened. */
export function openError(error: unknown): unknown {
  return error instanceof StoreUnavailable ? new Error(error.told, { cause: error.cause }) : error;
}

/** A tenant stores as much as it may, or what it adds is more than all that it may store. */
export class StorageFull extends IsolateError {
  readonly name = "StorageFull";
  readonly code: "STORAGE_FULL" | "STORAGE_TOO_LARGE";
  readonly status: 413 | 507;
  readonly refusal: StorageRefusal;

  constructor(refusal: StorageRefusal) {
    const { kind, what, most, added } = refusal;
    const isTooLarge = what === "bytes" && added > most;
    super(
      isTooLarge
        ? `${added} bytes are more than the ${most} that this tenant may store in all`
        : what === "bytes"
          ? `The tenant may store ${most} bytes, and these ${added} of ${kind} are too many: ${ADVICE}`
          : `The tenant may have ${most} ${kind}: delete some first`,
    );
    this.code = isTooLarge ? "STORAGE_TOO_LARGE" : "STORAGE_FULL";
    this.status = isTooLarge ? 413 : 507;
    this.refusal = refusal;
  }
}

/** What the store says of a row that it has refused. */
export interface StorageRefusal {
  readonly kind: string;
  /** Whether there are too many bytes of all kinds, or too many of this kind. */
  readonly what: "bytes" | "count";
  readonly most: number;
  /** Bytes. */
  readonly added: number;
}

const ADVICE =
  "delete functions or resources, or wait for jobs and idempotent answers to expire; GET /tenant shows what there is";

/** Whether something was refused for how many of a kind there are, and not for its bytes. */
export function isOneTooMany(error: unknown, kind: string): boolean {
  if (!(error instanceof StorageFull)) return false;
  return error.refusal.kind === kind && error.refusal.what === "count";
}

/** The disk has no more room than what is set aside: reading and deleting still work. */
export class StorageReserved extends IsolateError {
  readonly name = "StorageReserved";
  readonly code = "STORAGE_RESERVED";
  readonly status = 507;
  override retryAfter: number | undefined = 30;
}

/** It contradicts what is there, and has not been done. */
export class StoreConflict extends IsolateError {
  readonly name = "StoreConflict";
  readonly code = "CONFLICT";
  readonly status = 409;
}
