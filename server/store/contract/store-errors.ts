import { IsolateError } from "../../../src/base/errors.ts";

/** The store does not answer, or not in time. The call may be repeated. */
export class StoreUnavailable extends IsolateError {
  readonly name = "StoreUnavailable";
  readonly code = "STORE_UNAVAILABLE";
  readonly status = 503;
  override retryAfter: number | undefined = 2;
  /** Cause, for the log only: it names hosts, roles and paths that callers must not see. */
  readonly reason: string;

  /** Takes `message` as the text for callers. */
  constructor(message = "The store does not answer", reason = "") {
    super(message);
    this.reason = reason;
  }

  /** Full text for the operator. */
  get told(): string {
    return this.reason === "" ? this.message : `${this.message}: ${this.reason}`;
  }
}

/** Advice about a store's server out of reach; the doctor has the same words. */
export const SERVER_ADVICE =
  "See that it runs, and that ISOLATE_STORE_URL names a role that may create in it";

/**
 * Converts the error of a store that cannot be opened, so that its operator reads the cause and the
 * advice.
 */
export function openError(error: unknown, advice?: string): unknown {
  if (!(error instanceof StoreUnavailable)) return error;
  const words = advice === undefined ? error.told : `${error.told}. ${advice}`;
  return new Error(words, { cause: error.cause });
}

/** A tenant has no room left, or adds more than all that it may store. */
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

/** Facts about a row that the store has refused. */
export interface StorageRefusal {
  readonly kind: string;
  /** Exceeded limit: bytes of all kinds, or rows of this kind. */
  readonly what: "bytes" | "count";
  readonly most: number;
  /** Bytes of the row. */
  readonly added: number;
}

const ADVICE =
  "delete functions or resources, or wait for jobs and idempotent answers to expire; GET /tenant shows what there is";

/** Tests whether the number of a kind's rows was exceeded, and not the bytes. */
export function isOneTooMany(error: unknown, kind: string): boolean {
  if (!(error instanceof StorageFull)) return false;
  return error.refusal.kind === kind && error.refusal.what === "count";
}

/** The disk has only its reserve left. Reading and deleting still work. */
export class StorageReserved extends IsolateError {
  readonly name = "StorageReserved";
  readonly code = "STORAGE_RESERVED";
  readonly status = 507;
  override retryAfter: number | undefined = 30;
}

/** The call contradicts existing rows and changed nothing. */
export class StoreConflict extends IsolateError {
  readonly name = "StoreConflict";
  readonly code = "CONFLICT";
  readonly status = 409;
}
