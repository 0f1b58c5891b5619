import type { Counting } from "../http/unread/unread-responses.ts";
import type { StoredAnswer } from "../store/contract/idempotency.ts";

const JSON_TYPE = "application/json";

/** Header of the answer of an earlier request. */
export const REPLAYED: Readonly<Record<string, string>> = { "Idempotency-Replayed": "true" };

/** An answer as JSON. */
export function jsonAnswer(status: number, body: unknown, location?: string): StoredAnswer {
  const answer = textAnswer(status, JSON.stringify(body));
  return { ...answer, ...(location !== undefined && { location }) };
}

/** An answer that is JSON already. */
export function textAnswer(status: number, body: string): StoredAnswer {
  return { status, contentType: JSON_TYPE, body };
}

/** Gives an answer. Throws as `reserve` does if its bytes have no room. */
export function responseOf(answer: StoredAnswer, { reserve }: Pick<Counting, "reserve">): Response {
  reserve(Buffer.byteLength(answer.body));
  return withHeaders(answer, {});
}

/** Gives the answer of an earlier request, whose bytes have their room already, and says so. */
export function replayOf(answer: StoredAnswer): Response {
  return withHeaders(answer, REPLAYED);
}

function withHeaders(answer: StoredAnswer, more: Readonly<Record<string, string>>): Response {
  const { status, contentType, body, location, lost } = answer;
  const headers: Record<string, string> = { "Content-Type": contentType, ...more };
  if (location !== undefined) headers.Location = location;
  if (lost) headers["Idempotency-Stored"] = "false";
  return new Response(body, { status, headers });
}
