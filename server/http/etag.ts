import { createHash } from "node:crypto";
import type { Context } from "hono";

/** Response to a client that has the current content, for the contract. */
export const NOT_MODIFIED = { 304: { description: "As `If-None-Match` names it" } };

/** Makes the tag of bytes that clients may keep. */
export function etagOf(content: string | Uint8Array): string {
  return `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
}

/** Tests whether the client has what the tag names, by `If-None-Match`. */
export function hasCurrent({ req }: Context, etag: string): boolean {
  const known = req.header("if-none-match");
  if (known === undefined) return false;
  return known.split(",").some((each) => {
    const tag = each.trim();
    return tag === "*" || tag.replace(/^W\//, "") === etag;
  });
}

/** Answers a client that has the current content. */
export function notModified(
  etag: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(null, { status: 304, headers: { ...headers, ETag: etag } });
}
