import { BadRequest, PermissionError } from "../base/errors.ts";
import { shorten } from "../base/shorten.ts";

/** Why something asked for is not granted. */
export interface PermissionRefusal {
  /** Where it stands, for example `permissions.net[2]` or `tools "http": permissions.net[0]`. */
  readonly field: string;
  /** What stands there, shortened and printable; of anything but text, its type. */
  readonly value: string;
  /** `invalid` is nothing anyone could grant; `forbidden` is not granted here. */
  readonly kind: "invalid" | "forbidden";
  /** For people; begins with the field. */
  readonly message: string;
}

/** What a rule makes of an element: its one spelling, or why it is refused. */
export type Verdict =
  | { readonly granted: string }
  | { readonly kind: PermissionRefusal["kind"]; readonly reason: string };

/**
 * A refusal of the value at a field.
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
 * Throws the first refusal, if any: a `BadRequest` for what is invalid, a `PermissionError` for
 * what is forbidden.
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
