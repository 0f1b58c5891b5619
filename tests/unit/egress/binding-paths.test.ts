/** Tests what the check of paths is for: without it, a secret for some paths reaches others. */
import { expect, it } from "vitest";
import { BoundHost } from "../../../egress/bindings.ts";
import { parseAuthority } from "../../../src/destinations/host.ts";
import type { EgressBinding } from "../../../src/protocol/egress-bindings.ts";

const BINDING: EgressBinding = {
  host: "up.test:443",
  scheme: "https",
  header: "X-Key",
  format: "{}",
  secret: "sk-live-0123456789",
  paths: ["/v1/**"],
};

/** Reads a path as a server does that decodes it, cuts parameters off, and follows dots. */
function servedPath(path: string): string {
  const decoded = decodeURIComponent(decodeURIComponent(path));
  const plain = decoded
    .replace(/;[^/]*/g, "")
    .replaceAll("\\", "/")
    .replace(/\/\/+/g, "/");
  return new URL(plain, "http://up.test").pathname;
}

const bound = (path: string, readPath?: (target: string) => string | undefined) =>
  new BoundHost("https", [BINDING], readPath).bind({
    method: "GET",
    target: path,
    path,
    fields: [],
    destination: parseAuthority(BINDING.host),
  }).added;

it.each([
  "/v1/../admin",
  "/v1/a/../../admin",
  "/v1/%2e%2e/admin",
  "/v1/..%2fadmin",
  "/v1/..%5cadmin",
  "/v1/..\\admin",
  "/v1/..;/admin",
  "/v1/..;a=b/admin",
  "/v1/%252e%252e/admin",
  "/v1/.%2e/admin",
  "/v1//../../admin",
  "/v1/a%2f..%2f..%2fadmin",
])("keeps a secret from a path that a server reads as another one: %s", (path) => {
  expect(servedPath(path)).toBe("/admin");
  // Without the check, the pattern takes the path, and the header goes to the other one.
  expect(bound(path, (target) => target)).toEqual([["X-Key", BINDING.secret]]);
  expect(() => bound(path)).toThrow(expect.objectContaining({ code: "BINDING_PATH" }));
});

it("puts it on for a path that all servers read alike", () => {
  expect(servedPath("/v1/a%20b")).toBe("/v1/a%20b");
  expect(bound("/v1/a%20b")).toEqual([["X-Key", BINDING.secret]]);
});
