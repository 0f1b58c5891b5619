import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runs } from "../../helpers/fuzz.ts";
import { type Contract, requests } from "../../helpers/generated-requests.ts";
import { ADMIN_KEY, SECRET_KEY, tenantsApp } from "../../helpers/tenants.ts";

const RUNS = runs(100);

let host: Awaited<ReturnType<typeof tenantsApp>>;
beforeAll(async () => {
  host = await tenantsApp();
}, 60_000);
afterAll(() => host.close());

const SHAPE = {
  error: {
    name: expect.stringMatching(/^\w+$/),
    code: expect.stringMatching(/^[A-Z_]+$/),
    message: expect.stringMatching(/\S/),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  },
};

/** Shape of the registry's errors, which is older than the server's own. */
const REGISTRY_SHAPE = {
  error: expect.stringMatching(/\S/),
  code: expect.stringMatching(/^[A-Z_]+$/),
};

/** Shape of errors for clients of Piston. */
const PISTON_SHAPE = { message: expect.stringMatching(/\S/) };

/** Shape of errors by JSON-RPC. */
const MCP_SHAPE = {
  jsonrpc: "2.0",
  error: { code: expect.any(Number), data: { requestId: SHAPE.error.requestId } },
};

/** End of a path that is of no route: URLs read dots, encoded or not, as a way upwards. */
const LEADS_ELSEWHERE = /\/(?:\.|%2e){0,2}(?:\?|$)/i;

it("generated bad requests to every route are never our fault, and always answered in one shape", async () => {
  const server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
  const { key } = await server.tenant("acme");
  const document = await server.app.request("/openapi.json");
  const contract = (await document.json()) as Contract;
  const seen = new Map<number, number>();
  let routes = 0;
  for (const [path, operations] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      routes += 1;
      const isAdmin = operation.security.some((scope) => "admin" in scope);
      const authorization = `Bearer ${isAdmin ? ADMIN_KEY : key}`;
      const property = fc.asyncProperty(
        requests(path, operation, contract),
        async ({ path: url, headers, body }) => {
          const init = { method: method.toUpperCase(), headers: { ...headers, authorization } };
          const response = await server.app.request(url, { ...init, ...(body && { body }) });
          // A stream of logs ends with its client.
          const follows = path.endsWith("/logs") && response.status === 200;
          if (follows) return response.body?.cancel();
          const text = await response.text();
          seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
          if (path === "/readyz" || response.status < 400) return;
          expect(response.status).toBeLessThan(500);
          expect(JSON.parse(text)).toMatchObject(shapeAt(path, url));
          expect(text).not.toMatch(/\bat .*\.ts:\d+/);
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    }
  }
  expect(host.failures).toEqual([]);
  // Otherwise no request was accepted far enough to test a route.
  expect(routes).toBeGreaterThan(30);
  for (const status of [200, 400, 404, 415]) expect(seen.get(status)).toBeGreaterThan(0);
}, 60_000);

/** Returns the shape of errors of a route, by its path and the one that was sent. */
function shapeAt(path: string, url: string): object {
  if (path.startsWith("/api/v2/")) return PISTON_SHAPE;
  if (path === "/mcp") return MCP_SHAPE;
  return path.startsWith("/api/v1/") && !LEADS_ELSEWHERE.test(url) ? REGISTRY_SHAPE : SHAPE;
}
