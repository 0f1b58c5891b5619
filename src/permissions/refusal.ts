import { BadRequest, PermissionError } from "../base/errors.ts";
import { shorten } from "../base/shorten.ts";

/** A refused element and the reason. */
export interface PermissionRefusal {
  /**
   * Position of the element, for example `permissions.net[2]` or `tools "http":
   * permissions.net[0]`.
   */
  readonly field: string;
  /** Refused text, shortened and printable. If it is no text, its type. */
  readonly value: string;
  /** `invalid` can be granted by no operator; `forbidden` is not granted here. */
  readonly kind: "invalid" | "forbidden";
  /** Text for people. It begins with the field. */
  readonly message: string;
}

/** Judgement of one element: its normal spelling, or the reason for its refusal. */
export type Verdict =
  | { readonly granted: string }
  | { readonly kind: PermissionRefusal["kind"]; readonly reason: string };

/**
 * Makes the refusal of a value at a field.
 *
 * @example
 * refuse("permissions.env[0]", "A-B", "invalid", "not a name").message // "permissions.env[0]: not a name"
 */
export function refuse(
  field: string,
  value: unknown,
  kind: PermissionRefusal["kind"],
  reason: string,
): PermissionRefusal {
  // The value may be anything: converting an object to text would run its code.
  const shown = typeof value === "string" ? shorten(value) : value === null ? "null" : typeof value;
  return { field, value: shown, kind, message: `${field}: ${reason}` };
}

/**
 * Throws the first refusal, if there is one.
 *
 * @throws {BadRequest} For an invalid element.
 * @throws {PermissionError} For a forbidden one.
 *
 * @example
 * assertGranted({ refusals: [] }) // undefined
 */
export function assertGranted({
  refusals,
}: {
  readonly refusals: readonly PermissionRefusal[];
}): void {
  const [first] = refusals;
  if (first === undefined) return;
  const { field, message } = first;
  throw first.kind === "invalid"
    ? new BadRequest(field, message)
    : new PermissionError(field, message);
}
