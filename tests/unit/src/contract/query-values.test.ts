/**
 * Tests that no value of a caller is a failure of the server, even far beyond what the store
 * accepts.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADMIN_KEY, type Ask, tenantsApp } from "../../../helpers/tenants.ts";

let host: Awaited<ReturnType<typeof tenantsApp>>;
let ask: Ask;
let admin: Ask;

beforeAll(async () => {
  host = await tenantsApp();
  const server = host.start({ adminKey: ADMIN_KEY });
  ({ ask } = await server.tenant("acme"));
  admin = server.admin;
  expect((await ask("PUT", "/functions/a", { code: "export default () => 1" })).status).toBe(201);
}, 60_000);
afterAll(() => host.close());

it.each([
  ["GET", "/api/v1/search?q=%00", undefined, "q"],
  ["GET", "/api/v1/search?domain=a%00", undefined, "domain"],
  ["GET", "/api/v1/search?type=%00a", undefined, "type"],
  ["GET", "/api/v1/types?after=%00", undefined, "after"],
  ["GET", "/executions?since=0001-01-01T00:00:00%2B23:59", undefined, "since"],
  ["GET", "/executions?until=0000-01-01T00:00:00Z", undefined, "until"],
  ["GET", "/executions?until=9999-12-31T23:59:59-23:59", undefined, "until"],
  ["GET", "/executions?function=%00", undefined, "function"],
  ["GET", "/executions?cursor=%00", undefined, "cursor"],
  ["GET", "/functions?after=%00", undefined, "after"],
  ["POST", "/functions/a/rollback", { version: 2_147_483_648 }, "version"],
  ["POST", "/functions/a/invoke", { version: 9_007_199_254_740_991 }, "version"],
  ["POST", "/functions/a/invoke", { version: 2_147_483_648 }, "version"],
] as const)("%s %s with %j is refused, and says what for", async (method, path, body, field) => {
  const told = await ask(method, path, body);
  expect(told.status).toBe(400);
  expect(JSON.stringify(told.body)).toContain(field);
  if (told.body.error.field !== undefined) expect(told.body.error.field).toBe(field);
  expect(host.failures.splice(0)).toEqual([]);
});

it.each([
  ["GET", "/executions?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z"],
  ["GET", "/api/v1/search?q=%F0%9F%98%80%25_%5C&limit=999999999&offset=10000"],
  ["GET", "/api/v1/resource?locator=%00"],
  ["GET", "/api/v1/resource?locator=a.org/%00.text@1"],
  ["GET", "/api/v1/content?locator=a%00.org/a.text@1"],
  ["DELETE", "/api/v1/resource?locator=a.org/a.text@%00"],
  ["POST", "/api/v1/resolve", { locator: "a.org/a.\0@1" }],
  ["GET", "/executions/%00"],
  ["GET", "/jobs/%00"],
  ["DELETE", "/jobs/%00"],
  ["GET", "/functions/%00"],
  ["GET", "/functions/a/versions/999999999"],
  ["POST", "/functions/a/rollback", { version: 999_999_999 }],
  ["POST", "/functions/a/invoke", { version: 999_999_999 }],
  ["GET", "/f/%00/a/"],
  ["GET", "/f/acme%00/a/"],
  ["GET", "/f/acme/%00/"],
] as const)("%s %s with %j is answered", async (method, path, body?: object) => {
  expect((await ask(method, path, body)).status).toBeLessThan(500);
  expect(host.failures.splice(0)).toEqual([]);
});

it.each([
  ["GET", "/admin/tenants?after=%00"],
  ["GET", "/admin/tenants/%00"],
  ["GET", "/admin/tenants/a%00/keys"],
  ["DELETE", "/admin/tenants/acme/keys/%00"],
  ["POST", "/admin/tenants/acme/keys", { label: "\0" }],
  ["PUT", "/admin/tenants/most", { budget: { cpu: 9_007_199_254_740_991 }, retention: 3_650 }],
] as const)("%s %s with %j is answered to the operator", async (method, path, body?: object) => {
  expect((await admin(method, path, body)).status).toBeLessThan(500);
  expect(host.failures.splice(0)).toEqual([]);
});
