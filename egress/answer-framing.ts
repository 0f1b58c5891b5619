import { Refusal } from "../src/destinations/refusal.ts";
import { CONTENT_LENGTH, type Field, type ResponseHead, valuesOf } from "./head.ts";

/**
 * How the end of an answer's body is known. `closing`: by the end of the connection, which an answer
 * that is cut off has as well, so that its client gets it in chunks of the proxy's own.
 */
export type AnswerFraming = "none" | "length" | "chunked" | "closing";

/** @throws {Refusal} for two lengths, one that is no number, or a coding whose end only a reader of that coding would know. */
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

/** The fields that say so to the client: one statement, where the host made two. */
export function framingFields(framing: AnswerFraming, fields: readonly Field[]): Field[] {
  if (framing === "closing") return [["transfer-encoding", "chunked"]];
  if (framing === "chunked") return fields.filter(([name]) => name === "transfer-encoding");
  return fields.filter(([name]) => name === "content-length").slice(0, 1);
}

const CRLF = Buffer.from("\r\n");

/** One chunk of a chunked body. */
export function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
}

/** The end of a chunked body. */
export const LAST_CHUNK = Buffer.from("0\r\n\r\n");
