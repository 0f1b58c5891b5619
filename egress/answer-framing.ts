import { Refusal } from "../src/destinations/refusal.ts";
import { CONTENT_LENGTH, type Field, type ResponseHead, valuesOf } from "./head.ts";

/**
 * Sign of the end of a response's body. `closing` is the end of the connection. A response that is
 * cut off ends like that, too, so its client gets chunks of the proxy's own.
 */
export type AnswerFraming = "none" | "length" | "chunked" | "closing";

/**
 * Returns the framing of a response.
 *
 * @throws {Refusal} For two lengths, or one that is no number. Also for a coding whose end only its
 * own decoder finds.
 */
export function answerFramingOf(method: string, { status, fields }: ResponseHead): AnswerFraming {
  const codings = valuesOf(fields, "transfer-encoding").flatMap((value) => value.split(","));
  const last = codings.at(-1)?.trim().toLowerCase();
  if (last !== undefined && last !== "chunked") {
    throw new Refusal("UPSTREAM_FAILED", "The host's Transfer-Encoding does not end in chunked");
  }
  const lengths = valuesOf(fields, "content-length");
  if (new Set(lengths).size > 1) {
    throw new Refusal("UPSTREAM_FAILED", "The host states several lengths of one body");
  }
  if (method === "HEAD" || status === 204 || status === 304 || status < 200) return "none";
  if (last !== undefined) return "chunked";
  const [length] = lengths;
  if (length === undefined) return "closing";
  if (CONTENT_LENGTH.test(length)) return "length";
  throw new Refusal("UPSTREAM_FAILED", "The host's Content-Length is no number");
}

/**
 * Returns the fields of the framing for the client. A repeated statement of the host is sent once.
 */
export function framingFields(framing: AnswerFraming, fields: readonly Field[]): Field[] {
  if (framing === "closing") return [["transfer-encoding", "chunked"]];
  if (framing === "chunked") return fields.filter(([name]) => name === "transfer-encoding");
  return fields.filter(([name]) => name === "content-length").slice(0, 1);
}

const CRLF = Buffer.from("\r\n");

/** Writes one chunk of a chunked body. */
export function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
}

/** The end of a chunked body. */
export const LAST_CHUNK = Buffer.from("0\r\n\r\n");
