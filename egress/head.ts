/**
 * Reads HTTP/1.1 heads; no other code here does. Accepts plain forms only and repairs nothing.
 * Accepted heads are written anew, so that no server behind it can read the bytes differently.
 */

/** A head that is not plain HTTP/1.1. */
export class HeadSyntaxError extends Error {
  override readonly name = "HeadSyntaxError";
}

/** A header field. `name` is in lower case, and `value` has no white space around it. */
export type Field = readonly [name: string, value: string];

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
}

/** Length of the body behind a head. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

const REQUEST_LINE = /^([A-Z][A-Z-]{0,19}) ([\x21-\x7e]+) HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Matches a length below 10^15, which a number holds exactly. */
export const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/**
 * Reads a request's head, including its empty line.
 *
 * @throws {HeadSyntaxError} If it is not plain HTTP/1.1.
 */
export function parseRequestHead(bytes: Buffer): RequestHead {
  const [first = "", ...lines] = linesOf(bytes);
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) {
    throw new HeadSyntaxError("The request line is not METHOD TARGET HTTP/1.1");
  }
  const fields = lines.map(parseField);
  if (valuesOf(fields, "host").length > 1) throw new HeadSyntaxError("There are several Hosts");
  return { method, target, fields };
}

/**
 * Reads a response's head, including its empty line.
 *
 * @throws {HeadSyntaxError} If it is not plain HTTP/1.1.
 */
export function parseResponseHead(bytes: Buffer): ResponseHead {
  const [first = "", ...lines] = linesOf(bytes);
  const [, status, reason = ""] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) throw new HeadSyntaxError("The status line is not HTTP/1.1 NNN TEXT");
  return { status: Number(status), reason, fields: lines.map(parseField) };
}

/** Returns all values of a field, in order. `name` is in lower case. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([field]) => field === name).map(([, value]) => value);
}

/**
 * Reads the length of a request's body. Refuses two statements of it, even equal ones, because the
 * next server might use the other one.
 *
 * @throws {HeadSyntaxError} For two statements or a malformed one.
 */
export function framingOf(fields: readonly Field[]): Framing {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (lengths.length + codings.length > 1) {
    throw new HeadSyntaxError("The length of the body is stated more than once");
  }
  const [length] = lengths;
  const [coding] = codings;
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") {
      throw new HeadSyntaxError("Transfer-Encoding is not chunked alone");
    }
    return { kind: "chunked" };
  }
  if (length === undefined) return { kind: "none" };
  if (!CONTENT_LENGTH.test(length)) throw new HeadSyntaxError("Content-Length is no number");
  return { kind: "length", bytes: Number(length) };
}

/** Splits a head into lines. Bytes map to characters one to one, and back to the same bytes. */
function linesOf(bytes: Buffer): string[] {
  const text = bytes.toString("latin1");
  if (!text.endsWith("\r\n\r\n")) throw new HeadSyntaxError("The head is not complete");
  return text.slice(0, -4).split("\r\n");
}

function parseField(line: string): Field {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  // A folded line starts with white space, so it has no name.
  if (!FIELD_NAME.test(name)) throw new HeadSyntaxError("A header has no valid name");
  const value = line.slice(colon + 1);
  if (!FIELD_VALUE.test(value))
    throw new HeadSyntaxError("A header's value has control characters");
  return [name.toLowerCase(), trimBlanks(value)];
}

/** Trims blanks. A pattern for both ends would take quadratic time on a value of blanks. */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
