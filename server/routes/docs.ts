import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { z } from "zod";
import { etagOf, hasCurrent, NOT_MODIFIED, notModified } from "../http/etag.ts";
import { type Route, route } from "../http/route.ts";

const require = createRequire(import.meta.url);

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

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Isolate</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="data:,">
<script src="docs/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body><div id="page"></div></body>
</html>
`;

const START = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
`;

/** Swagger UI as this package holds it: its own ones bring a program that reports each installation. */
const packaged = (file: string) => () =>
  readFile(require.resolve(`@fastify/swagger-ui/static/${file}`));

const FILES: readonly [path: string, type: string, read: () => Promise<string | Uint8Array>][] = [
  ["/docs", "text/html; charset=utf-8", async () => PAGE],
  ["/docs/start.js", "text/javascript; charset=utf-8", async () => START],
  ["/docs/swagger-ui.css", "text/css; charset=utf-8", packaged("swagger-ui.css")],
  [
    "/docs/swagger-ui-bundle.js",
    "text/javascript; charset=utf-8",
    packaged("swagger-ui-bundle.js"),
  ],
];

/**
 * `GET /docs`: the contract as a page without resources of other servers. It needs no key, like the
 * contract. Its own dialog takes a key for the requests that it sends.
 */
export function docsRoutes(): Route[] {
  return FILES.map(([path, type, read]) => {
    // Shared by all requests: otherwise each slow client would keep a megabyte in memory.
    let content: Promise<{ bytes: Uint8Array<ArrayBuffer>; etag: string }> | undefined;
    return route({
      method: "GET",
      path,
      scope: "none",
      summary: path === "/docs" ? "This contract as a page" : "A part of that page",
      tags: ["Contract"],
      responses: { 200: { description: "A file", type, schema: z.string() }, ...NOT_MODIFIED },
      handler: async ({ c, reserve }) => {
        content ??= read().then((file) => {
          const bytes = new Uint8Array(Buffer.from(file));
          return { bytes, etag: etagOf(bytes) };
        });
        const { bytes, etag } = await content;
        if (hasCurrent(c, etag)) return notModified(etag, HEADERS);
        // Setting a header copies the answer, and so its bytes.
        reserve(bytes.length);
        return c.body(bytes, 200, {
          ...HEADERS,
          ETag: etag,
          "Content-Type": type,
        });
      },
    });
  });
}
