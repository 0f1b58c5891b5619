import { z } from "zod";
import { etagOf, hasCurrent, NOT_MODIFIED, notModified } from "../http/etag.ts";
import { type Route, route } from "../http/route.ts";

/**
 * Content policy: no resource of another server, no inline script, and no frame around the page.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** A file of a page that the server has itself. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly summary: string;
  readonly tag: string;
  /** Reads the file, at the first request. */
  readonly read: () => Promise<string | Uint8Array>;
  /** Tells by its `Accept` header whether a client wants the page. It throws if not. Default: all do. */
  readonly assertWanted?: (accept: string) => void;
}

/** Serves a file of a page to everybody: it needs no key, and names no resource of other servers. */
export function assetRoute({ path, type, summary, tag, read, assertWanted }: Asset): Route {
  // Shared by all requests: otherwise each slow client would keep a megabyte in memory.
  let content: Promise<{ bytes: Uint8Array<ArrayBuffer>; etag: string }> | undefined;
  const headers = { ...HEADERS, ...(assertWanted && { Vary: "Accept" }) };
  return route({
    method: "GET",
    path,
    scope: "none",
    summary,
    tags: [tag],
    responses: { 200: { description: "A file", type, schema: z.string() }, ...NOT_MODIFIED },
    handler: async ({ c, reserve }) => {
      assertWanted?.(c.req.header("accept") ?? "");
      content ??= read().then((file) => {
        const bytes = new Uint8Array(Buffer.from(file));
        return { bytes, etag: etagOf(bytes) };
      });
      const { bytes, etag } = await content;
      if (hasCurrent(c, etag)) return notModified(etag, headers);
      // Setting a header copies the answer, and so its bytes.
      reserve(bytes.length);
      return c.body(bytes, 200, { ...headers, ETag: etag, "Content-Type": type });
    },
  });
}
