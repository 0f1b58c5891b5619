import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { RawRequest } from "../helpers/raw-request.ts";
import { TestServer } from "../helpers/server.ts";
import { OPERATOR_KEY, tenantOf } from "../helpers/tenant-of.ts";

const IDLE = 1_500;
const TOTAL = 6_000;
const SITE = "/f/acme/site/";
const ECHO = `export default async (request) => Response.json({
  headers: [...request.headers], url: request.url, length: (await request.arrayBuffer()).byteLength })`;

let server: TestServer;
let acme: Awaited<ReturnType<typeof tenantOf>>;
const open: RawRequest[] = [];

beforeAll(async () => {
  server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_ADMIN_KEY: OPERATOR_KEY,
    ISOLATE_BODY_IDLE: String(IDLE),
    ISOLATE_BODY_TIMEOUT: String(TOTAL),
  });
  acme = await tenantOf(server, "acme", { sandbox: ["isolated"] });
  for (const [name, isPublic] of [["site", true] as const, ["own", false] as const]) {
    const body = { code: ECHO, kind: "http", public: isPublic, timeout: 20_000 };
    expect((await acme.ask("PUT", `/functions/${name}`, body)).status).toBe(201);
  }
});
afterAll(async () => {
  await server.dispose();
});

/** Sends a request without a key that announces a body. */
function announced(length: number, path = SITE, ...more: string[]): RawRequest {
  const head = [`POST ${path} HTTP/1.1`, "Host: localhost", `Content-Length: ${length}`, ...more];
  const request = new RawRequest(server.url, head);
  open.push(request);
  return request;
}

async function closeAll(): Promise<void> {
  for (const request of open.splice(0)) request.destroy();
  // The server needs some time to notice.
  await sleep(100);
}

it.each([7_000, 19_000])(
  "a body nested %i levels is refused alone",
  async (levels) => {
    const other = await tenantOf(server, "other", { sandbox: ["isolated"] });
    const [code, input] = ["export default () => 1", "x".repeat(70_000)];
    const nested = `{"code":"${code}","x":${"[".repeat(levels)}${"]".repeat(levels)},"input":"${input}"}`;
    const attacks = ["/plan", "/execute"].map((path) => other.ask("POST", path, nested));
    const own = Array.from({ length: 4 }, () => acme.ask("POST", "/plan", { code, input }));
    expect((await Promise.all(own)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await Promise.all(attacks)).map(({ status }) => status)).toEqual([413, 413]);
    expect((await other.ask("POST", "/plan", { code, input })).status).toBe(200);
  },
  20_000,
);

describe("a body that is announced and not sent", () => {
  it("keeps nobody else out, and is answered with 408 on a connection that ends", async () => {
    const silent = Array.from({ length: 30 }, () => announced(8_000_000));
    await until(async () => (await fetch(`${server.url}/healthz`)).ok);
    const input = "x".repeat(4_000_000);
    const own = await acme.ask("POST", "/execute", { code: "export default () => 1", input });
    expect([own.status, own.body.ok]).toEqual([200, true]);
    const visitor = await fetch(`${server.url}${SITE}`, { method: "POST", body: "y".repeat(1e6) });
    expect(await visitor.json()).toMatchObject({ length: 1e6 });
    for (const request of silent) {
      await request.closed;
      expect(request.status).toBe(408);
      expect(request.received).toContain('"code":"BODY_TIMEOUT"');
    }
  });

  it.each([
    ["one byte at a time", "x", 50],
    ["steadily, and without an end", "x".repeat(20_000), 200],
  ])("as a whole, but %s, is, too", async (_how, part, pause) => {
    const request = announced(8_000_000);
    const timer = setInterval(() => request.write(part), pause);
    const started = performance.now();
    await request.closed;
    clearInterval(timer);
    expect(performance.now() - started).toBeLessThan(TOTAL + 5_000);
    expect(request.status).toBe(408);
  });

  it("is refused beyond a number of them from one address, with a key's requests unharmed", async () => {
    for (let n = 0; n < 40; n += 1) announced(1_000);
    await until(() => open.filter(({ status }) => status === 429).length >= 8);
    expect(open.find(({ status }) => status === 429)?.received).toContain("BODIES_UNFINISHED");
    const authorization = `Authorization: Bearer ${acme.key}`;
    const keyed = announced(3, SITE, authorization);
    keyed.write("abc");
    await until(() => keyed.status === 200);
    await closeAll();
  });

  it("is 408 for a tenant, too", async () => {
    const authorization = `Authorization: Bearer ${acme.key}`;
    const type = "Content-Type: application/json";
    const request = announced(1_000, "/execute", authorization, type);
    await request.closed;
    expect(request.status).toBe(408);
  });
});

it("bodies that are sent without a key fill a share of their own", async () => {
  const part = new Uint8Array(7_000_000);
  for (let n = 0; n < 12; n += 1) announced(8_000_000).write(part);
  await until(() => open.some(({ status }) => status === 503));
  const input = "x".repeat(7_000_000);
  const own = await acme.ask("POST", "/execute", { code: "export default () => 1", input });
  expect([own.status, own.body.ok]).toEqual([200, true]);
  await closeAll();
});

it("a request of more than 200 headers is refused", async () => {
  const lines = Array.from({ length: 1_200 }, (_, n) => `X-${n}: 1`);
  const request = new RawRequest(server.url, [
    "GET /healthz HTTP/1.1",
    "Host: localhost",
    ...lines,
  ]);
  await until(() => request.status === 431);
  expect(request.received).toContain('"code":"TOO_MANY_HEADERS"');
  request.destroy();
});

describe("a request that is refused", () => {
  it("counts in its tenant's rate, and is refused before its body is read from then on", async () => {
    const rate = { requests: 5, seconds: 600 };
    const bad = await tenantOf(server, "bad", { sandbox: ["isolated"], rate });
    const ask = (body: unknown) => bad.ask("POST", "/execute", body);
    for (let n = 0; n < 5; n += 1) expect((await ask({ nonsense: n })).status).toBe(400);
    const refused = await ask({ code: "export default () => 1" });
    expect([refused.status, refused.body.error.code]).toEqual([429, "RATE_LIMIT"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(100);
    const silent = announced(1_000, "/execute", `Authorization: Bearer ${bad.key}`);
    await until(() => silent.status === 429);
    // Reading its own data works as before.
    expect((await bad.ask("GET", "/tenant")).status).toBe(200);
    await closeAll();
  });
});

describe("a key of this server's", () => {
  const keys = (): [string, string][] => [
    ["the tenant's", acme.key],
    ["the operator's", OPERATOR_KEY],
  ];
  const seen = async (path: string, lines: readonly string[]) => {
    const request = new RawRequest(server.url, [
      `GET ${path} HTTP/1.1`,
      "Host: localhost",
      ...lines,
    ]);
    await until(() => request.status > 0 && /"(length|requestId)":/.test(request.received));
    request.destroy();
    return request;
  };

  it("never gets to code in a header, however it is spelled", async () => {
    for (const [whose, key] of keys()) {
      const base64 = Buffer.from(`user:${key}`).toString("base64");
      const encoded = [...key].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
      for (const lines of [
        [`Authorization: Bearer x`, `Authorization: Bearer ${key}`],
        [`Authorization: Bearer ${key}`, `Authorization: Bearer x`],
        [`Authorization: ${key}`],
        [`Authorization: bearer\t${key}`],
        [`Authorization: Basic ${base64}`],
        [`Proxy-Authorization: Bearer ${key}`],
        [`Cookie: a=1; token=${key}`],
        [`Cookie: token=${encoded}`],
        [`X-Api-Key: ${key.toUpperCase()}`],
        [`Referer: http://h/?key=${key}`],
      ]) {
        const { status, received } = await seen(SITE, [...lines, "X-Mine: 1"]);
        expect([whose, lines[0], status]).toEqual([whose, lines[0], 200]);
        const told = received.toLowerCase();
        expect(told).toContain("x-mine");
        for (const secret of [key.slice(-20), encoded.slice(-30), base64.slice(-20)]) {
          expect(told).not.toContain(secret.toLowerCase());
        }
      }
    }
  });

  it("is refused in a URL", async () => {
    for (const [, key] of keys()) {
      for (const query of [
        `?key=${encodeURIComponent(key)}`,
        `%2569?k=${key.replace("_", "%5f")}`,
      ]) {
        const { status, received } = await seen(`${SITE}${query}`, []);
        expect(status).toBe(400);
        expect(received).toContain("KEY_IN_URL");
      }
    }
  });

  it("is not what a function's own users send", async () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.${"a".repeat(80)}.isolate_is_fine`;
    const { received } = await seen(SITE, [`Authorization: Bearer ${token}`, "Cookie: a=1"]);
    expect(received).toContain(`Bearer ${token}`);
    expect(received).toContain("a=1");
  });
});
