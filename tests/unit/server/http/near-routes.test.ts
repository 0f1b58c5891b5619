import { expect, it } from "vitest";
import { nearRoutes } from "../../../../server/http/near-routes.ts";

const ROUTES = [
  { method: "POST", path: "/execute" },
  { method: "GET", path: "/functions" },
  { method: "PUT", path: "/functions/{name}" },
  { method: "GET", path: "/functions/{name}" },
  { method: "POST", path: "/functions/{name}/invoke" },
  { method: "GET", path: "/functions/{name}/versions" },
  { method: "ALL", path: "/f/{tenant}/{name}/*" },
  { method: "GET", path: "/api/v1/types" },
] as const;

it.each([
  ["/exectue", "; there is POST /execute"],
  ["/execute/", "; there is POST /execute"],
  ["/v1/execute", "; there is POST /execute"],
  ["/api/execute", "; there is POST /execute"],
  ["/api/v2", "; there is GET /api/v1/types"],
  ["/f/mine", "; there is ALL /f/{tenant}/{name}/*"],
  ["/functions/mine/invok", /^; there is POST \/functions\/{name}\/invoke, .*, …$/],
  ["/function", /^; there is GET \/functions, /],
  ["/", "; GET /docs lists all there are"],
  ["/wp-admin.php", "; GET /docs lists all there are"],
  [`/${"x/".repeat(50_000)}`, "; GET /docs lists all there are"],
])("names the routes near to %.30s", (path, expected) => {
  expect(nearRoutes(path, ROUTES)).toMatch(expected);
});
