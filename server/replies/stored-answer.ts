import type { Counting } from "../http/unread/unread-responses.ts";
import type { StoredAnswer } from "../store/contract/idempotency.ts";

const JSON_TYPE = "application/json";
/** Characters of a body that is copied behind its head. */
const SHORT = 16_384;

/** Header of a replayed answer. */
export const REPLAYED: Readonly<Record<string, string>> = { "Idempotency-Replayed": "true" };

/** Makes an answer with a JSON body. */
export function jsonAnswer(status: number, body: unknown, location?: string): StoredAnswer {
  const answer = textAnswer(status, JSON.stringify(body));
  return { ...answer, ...(location !== undefined && { location }) };
}

/** Makes an answer of JSON text. */
export function textAnswer(status: number, body: string): StoredAnswer {
  return { status, contentType: JSON_TYPE, body };
}

/** Makes the response for an answer. Throws as `reserve` does if its bytes have no room. */
export function responseOf(answer: StoredAnswer, { reserve }: Pick<Counting, "reserve">): Response {
  reserve(Buffer.byteLength(answer.body));
  return withHeaders(answer, {});
}

/**
 * Makes the response for a replayed answer, with its header. Room was made for its bytes already.
 */
export function replayOf(answer: StoredAnswer): Response {
  return withHeaders(answer, REPLAYED);
}

function withHeaders(answer: StoredAnswer, more: Readonly<Record<string, string>>): Response {
  const { status, contentType, body, location, lost } = answer;
  const headers: Record<string, string> = { "Content-Type": contentType, ...more };
  if (location !== undefined) headers.Location = location;
  if (lost) headers["Idempotency-Stored"] = "false";
  // A short text is written together with the head, in one piece.
  return new Response(body.length < SHORT ? body : Buffer.from(body), { status, headers });
}
