import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Route } from "../http/route.ts";
import { assetRoute } from "./asset.ts";

const require = createRequire(import.meta.url);

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
    const summary = path === "/docs" ? "This contract as a page" : "A part of that page";
    return assetRoute({ path, type, read, summary, tag: "Contract" });
  });
}
