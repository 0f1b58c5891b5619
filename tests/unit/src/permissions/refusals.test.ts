/** Tests the answer to a refused permission over HTTP: it names the place, and no more. */
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shorten } from "../../../../src/base/shorten.ts";
import type { PermissionRefusal } from "../../../../src/permissions/plan.ts";
import { recordingApp } from "../../../helpers/app.ts";

const { app, engine } = recordingApp({
  env: { TOKEN: "secret value" },
  mounts: { "/data": "/srv/data" },
});
let server: ReturnType<typeof serve>;
let url: string;
beforeAll(async () => {
  server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function post(path: string, request: string): Promise<[number, Record<string, unknown>]> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}${path}`, { method: "POST", headers, body: request });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

const long = "x".repeat(1_000_000);
const hosts = Array.from({ length: 10_000 }, (_, index) => `h${index}.org`);

describe("a refusal", () => {
  // The permissions, the status, the element, and the part of it that is shown.
  const CASES: readonly (readonly [unknown, number, string, string | RegExp])[] = [
    [{ net: hosts }, 400, ".net", "object"],
    [{ net: [long] }, 400, ".net[0]", /^x{100}…$/],
    [{ net: ["a.org", "b.org\0"] }, 400, ".net[1]", "b.org\\x00"],
    [{ net: ["a.org,b.org"] }, 400, ".net[0]", "a.org,b.org"],
    [{ net: ["a.org\u202e"] }, 400, ".net[0]", "a.org\\u{202e}"],
    [{ net: ["\u2028\ufeff\u{e0001}\ue000\x1b[2J\x9b"] }, 400, ".net[0]", /^[\x20-\x7e]+$/],
    [{ net: ["\u202e".repeat(1_000)] }, 400, ".net[0]", /^[\x20-\x7e]{100}…$/],
    [{ net: ["https://x.org"] }, 400, ".net[0]", "https://x.org"],
    [{ net: ["*"] }, 403, ".net[0]", "*"],
    [{ net: ["*.x.org"] }, 403, ".net[0]", "*.x.org"],
    [{ net: "x.org" }, 400, ".net", "x.org"],
    [{ net: "inherit" }, 400, ".net", "inherit"],
    [{ net: null }, 400, ".net", "null"],
    [{ net: { 0: "x.org", length: 1 } }, 400, ".net", "object"],
    [{ net: [["x.org"]] }, 400, ".net[0]", "object"],
    [{ net: ["a.org", 1] }, 400, ".net[1]", "number"],
    [{ read: ["/data/../etc"] }, 400, ".read[0]", "/data/../etc"],
    [{ read: ["/data", "/proc/self/environ"] }, 403, ".read[1]", "/proc/self/environ"],
    [{ read: ["/data\0"] }, 400, ".read[0]", "/data\\x00"],
    [{ read: ["/srv/data"] }, 403, ".read[0]", "/srv/data"],
    [{ write: ["/data"] }, 403, ".write[0]", "/data"],
    [{ env: ["TOKEN", "A,B"] }, 400, ".env[1]", "A,B"],
    [{ env: ["TOKEN\n"] }, 400, ".env[0]", "TOKEN\\x0a"],
    [{ env: ["HOME"] }, 403, ".env[0]", "HOME"],
    [{ sys: ["everything"] }, 400, ".sys[0]", "everything"],
    [{ run: ["sh"] }, 403, ".run[0]", "sh"],
    [{ run: true }, 400, ".run", "boolean"],
    [{ ffi: ["/lib/x.so"] }, 403, ".ffi[0]", "/lib/x.so"],
    [{ ffi: "inherit" }, 400, ".ffi", "inherit"],
    [{ hrtime: "yes" }, 400, ".hrtime", "yes"],
    [{ network: [] }, 400, ".network", "network"],
    [{ [`k\u202e${long}`]: [] }, 400, "", /^k\\u\{202e\}x+…$/],
    ["inherit", 400, "", "inherit"],
    ["all", 400, "", "all"],
    [[], 400, "", "object"],
    [null, 400, "", "null"],
    [7, 400, "", "number"],
  ];
  const titled = CASES.map((one) => [shorten(JSON.stringify(one[0])), ...one] as const);

  it.each(titled)("of %s", { timeout: 30_000 }, async (_title, permissions, status, at, shown) => {
    const request = JSON.stringify({ code: "export default () => 1", permissions });
    const [refused, { error }] = await post("/execute", request);
    const { field, message } = error as { field: string; message: string };
    expect(refused).toBe(status);
    expect(engine.jobs).toEqual([]);
    const [planned, plan] = await post("/plan", request);
    expect(planned).toBe(200);
    const [refusal, ...others] = plan.refusals as PermissionRefusal[];
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({
      field,
      message,
      kind: status === 400 ? "invalid" : "forbidden",
    });
    expect(refusal?.value).toEqual(shown instanceof RegExp ? expect.stringMatching(shown) : shown);
    if (at === "" && typeof permissions === "object") expect(field).toMatch(/^permissions\b/);
    else expect(field).toBe(`permissions${at}`);
    expect(message.startsWith(`${field}: `)).toBe(true);
    for (const text of [field, message, refusal?.value ?? ""]) {
      expect(text.length).toBeLessThan(500);
      expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
    expect(JSON.stringify([error, plan])).not.toContain("secret value");
  });

  it("names each element that is refused, in the plan", async () => {
    const permissions = { net: ["a.org", "*", "b/c"], env: ["X"], run: ["sh"], nte: [] };
    const [, plan] = await post("/plan", JSON.stringify({ code: "1", permissions }));
    expect((plan.refusals as PermissionRefusal[]).map(({ field }) => field).sort()).toEqual(
      ["env[0]", "net[1]", "net[2]", "nte", "run[0]"].map((at) => `permissions.${at}`),
    );
  });

  it.each([
    [{ [`\u202e${long}`]: 1 }, /^\\u\{202e\}x+…$/],
    [{ tools: [`\u202e${long}`] }, /^tools\[0\]$/],
  ])("of another field is bounded and printable, too", async (extra, named) => {
    const [status, { error }] = await post("/execute", JSON.stringify({ code: "1", ...extra }));
    const { field, message } = error as { field: string; message: string };
    expect([status, field]).toEqual([400, expect.stringMatching(named)]);
    expect(message.length).toBeLessThan(500);
    expect(message).not.toMatch(/\p{C}/u);
  });
});
