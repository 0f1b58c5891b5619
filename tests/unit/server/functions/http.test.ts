import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PooledEngine } from "../../../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, until } from "../../../contract/engine-contract.ts";
import { ThreadLauncher } from "../../../fakes/thread-launcher.ts";
import { ADMIN_KEY, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

type Host = Awaited<ReturnType<typeof tenantsApp>>;

let host: Host;
let directory: string;
let engine: PooledEngine;
let server: ReturnType<Host["start"]>;
let acme: Awaited<ReturnType<typeof server.tenant>>;
const closers: (() => void)[] = [];

/** Code of a function with a behaviour for each path, so that one sandbox serves all tests. */
const CODE = `
const text = (part) => new TextEncoder().encode(part);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stream = (source, init) => new Response(new ReadableStream(source), init);
const ways = {
  async echo(request, url) {
    const headers = Object.fromEntries(request.headers);
    return Response.json({ method: request.method, url: url.href, headers, body: await request.text() }, { status: 201 });
  },
  headers: (_request, url) => new Response("page", { headers: [
    ["content-type", "text/html"], ["x-mine", "1"], ["x-request-id", "mine"],
    ["x-accel-redirect", "/internal"], ["x-sendfile", "/etc/passwd"], ["x-reproxy-url", "http://a"], ["surrogate-control", "a"], ["content-length", "4"],
    ["connection", "close, x-gone"], ["x-gone", "1"], ["transfer-encoding", "gzip"], ["alt-svc", "h2=evil"],
    ["clear-site-data", "*"], ["strict-transport-security", "max-age=1"], ["service-worker-allowed", "/"],
    ["content-security-policy", "default-src 'none'"], ["x-hono-already-sent", "true"],
    ["www-authenticate", url.search === "" ? 'Bearer realm="a", Basic realm="b"' : 'Bearer realm="a", error="b"'],
    ["set-cookie", "a=1; Path=/; Domain=host.example; HttpOnly"], ["set-cookie", "b=2"],
  ] }),
  parts: () => stream({ async start(out) {
    for (const part of ["a", "b", "c"]) { out.enqueue(text(part)); await wait(50); }
    out.close();
  } }),
  endless: () => stream({ pull: (out) => out.enqueue(new Uint8Array(50_000)) }),
  silent: () => stream({ start: (out) => out.enqueue(text("begun")) }),
  breaks: () => stream({ async start(out) { out.enqueue(text("begun")); await wait(100); out.error(new Error("secret")); } }),
  none: () => new Response(null, { status: 204 }),
  throws: () => { throw new RangeError("secret") },
  hangs: () => new Promise(() => {}),
  nothing: () => 1,
};
let calls = 0;
export default (request) => {
  const url = new URL(request.url);
  if (url.pathname === "/calls") return new Response(String(++calls));
  return ways[url.pathname.split("/")[1]]?.(request, url) ?? new Response("?", { status: 404 });
};`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  host = await tenantsApp();
  const launcher = await ThreadLauncher.create(directory);
  engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
  server = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY }, [engine]);
  acme = await server.tenant("acme", { sandbox: ["isolated"] });
  for (const isPublic of [true, false]) {
    for (const [prefix, timeout] of [
      ["", 20_000],
      ["brief-", 1_500],
    ] as const) {
      const name = `${prefix}${isPublic ? "site" : "own"}`;
      const body = { code: CODE, kind: "http", public: isPublic, timeout };
      expect((await acme.ask("PUT", `/functions/${name}`, body)).status).toBe(201);
    }
  }
  await until(() => engine.status().warm > 0);
});
afterAll(async () => {
  for (const close of closers) close();
  await engine.close();
  await host.close();
  await rm(directory, { recursive: true });
});

/** Serves the application on a port, for tests that need a connection. */
async function listen(app: { fetch: (request: Request) => unknown } = server.app): Promise<number> {
  return new Promise((resolve) => {
    const fetch = app.fetch as (request: Request) => Response;
    const listening = serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
    closers.push(() => listening.close());
  });
}

const ask = async (path: string, init?: RequestInit) => server.app.request(path, init);
const withKey = (key = acme.key) => ({ headers: { authorization: `Bearer ${key}` } });

describe("an HTTP function", () => {
  it("gets the request, and its response is the answer", async () => {
    const response = await ask("/f/acme/site/echo/x%2Fy?a=b", {
      method: "PATCH",
      headers: { "x-mine": "1", te: "trailers", connection: "x-hop", "x-hop": "1", cookie: "c=1" },
      body: "Grüße",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-execution-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toEqual({
      method: "PATCH",
      url: "http://localhost/echo/x%2Fy?a=b",
      headers: {
        "content-type": "text/plain;charset=UTF-8",
        cookie: "c=1",
        "x-forwarded-host": "localhost",
        "x-forwarded-prefix": "/f/acme/site",
        "x-forwarded-proto": "http",
        "x-mine": "1",
      },
      body: "Grüße",
    });
  });

  it("gets the URL of the host that was asked, whatever URL the request line holds", async () => {
    const port = await listen();
    const asked = async (line: string, named: string): Promise<string> => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`GET ${line} HTTP/1.1\r\nHost: ${named}\r\nConnection: close\r\n\r\n`);
      let text = "";
      for await (const chunk of socket.setEncoding("utf8")) text += chunk;
      return /"url":"([^"]*)"/.exec(text)?.[1] ?? text.slice(9, 12);
    };
    const path = "/f/acme/site/echo/?a=b";
    const own = `127.0.0.1:${port}`;
    const seen = `http://${own}/echo/?a=b`;
    expect(await asked(path, own)).toBe(seen);
    for (const scheme of ["http", "https"]) {
      expect(await asked(`${scheme}://evil.example${path}`, own)).toBe(seen);
    }
    expect(await asked(`http://evil.example${path}`, "a/../b@c")).toBe("400");
  });

  it.each(["/f/acme/site", "/f/acme/site/", "/f/acme/site/deeper/still"])(
    "is asked for everything below its path: %s",
    async (path) => {
      const response = await ask(path);
      expect([response.status, await response.text()]).toEqual([404, "?"]);
    },
  );

  it("says nothing about the connection, the host, or anybody else's path", async () => {
    const response = await ask("/f/acme/site/headers");
    const { headers } = response;
    expect(await response.text()).toBe("page");
    const names = "x-gone transfer-encoding alt-svc clear-site-data strict-transport-security";
    const proxies = "x-accel-redirect x-sendfile x-reproxy-url surrogate-control";
    const more = "service-worker-allowed www-authenticate x-hono-already-sent";
    for (const name of `${names} ${more} ${proxies}`.split(" ")) {
      expect([name, headers.get(name)]).toEqual([name, null]);
    }
    expect(headers.get("x-mine")).toBe("1");
    expect(headers.get("x-request-id")).not.toBe("mine");
    expect(headers.getSetCookie()).toEqual([
      "a=1; HttpOnly; Path=/f/acme/site",
      "b=2; Path=/f/acme/site",
    ]);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none', sandbox /);
  });

  it("may ask for the one kind of key that browsers do not send by themselves", async () => {
    const response = await ask("/f/acme/site/headers?bearer");
    expect(await response.text()).toBe("page");
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="a", error="b"');
  });

  it("stays warm, for its tenant alone", async () => {
    const body = { code: CODE, kind: "http", public: true };
    const rival = await server.tenant("rival", { sandbox: ["isolated"] });
    await rival.ask("PUT", "/functions/site", body);
    const texts: string[] = [];
    for (const tenant of ["acme", "acme", "rival", "acme"]) {
      texts.push(await (await ask(`/f/${tenant}/site/calls`)).text());
    }
    expect(texts).toEqual(["1", "2", "1", "3"]);
  });

  it.each([
    ["HEAD", "/f/acme/site/headers", 200],
    ["GET", "/f/acme/site/none", 204],
  ])("answers %s %s without a body", async (method, path, status) => {
    const response = await ask(path, { method });
    expect([response.status, await response.text()]).toEqual([status, ""]);
  });

  it.each([
    ["throws", 502, "FUNCTION_FAILED", "RangeError: secret", "The function failed"],
    ["hangs", 504, "FUNCTION_TIMEOUT", /^TimeoutError: /, "The function took too long"],
    [
      "nothing",
      502,
      "FUNCTION_FAILED",
      /returned a number, and no Response/,
      "The function failed",
    ],
  ])(
    "that %s is answered for, with what it says for its tenant alone",
    async (path, status, code, own, others) => {
      for (const [name, message] of [
        ["brief-own", own],
        ["brief-site", others],
      ] as const) {
        // The short timeout is for the code, not for the start of a sandbox.
        await until(() => engine.status().warm > 0);
        const response = await ask(`/f/acme/${name}/${path}`, withKey());
        expect(response.status).toBe(status);
        const { error } = (await response.json()) as { error: Record<string, string> };
        expect(error).toEqual({
          name: "FunctionError",
          code,
          message: typeof message === "string" ? message : expect.stringMatching(message),
          requestId: response.headers.get("x-request-id"),
        });
        const id = response.headers.get("x-execution-id") ?? "";
        const { body } = await acme.ask("GET", `/executions/${id}`);
        expect(body).toMatchObject({ via: "http", function: name, requestId: error.requestId });
      }
      expect(host.failures).toEqual([]);
    },
  );

  it("takes no body beyond its tenant's limit", async () => {
    const small = await server.tenant("small", { bodyBytes: 1_024, sandbox: ["isolated"] });
    await small.ask("PUT", "/functions/f", {
      code: "export default () => new Response()",
      kind: "http",
      public: true,
    });
    const post = (size: number) => ask("/f/small/f/", { method: "POST", body: "x".repeat(size) });
    expect([(await post(1_024)).status, (await post(1_025)).status]).toEqual([200, 413]);
  });
});

it("a tenant that comes after another one by its name has none of its functions", async () => {
  const settings = { sandbox: ["isolated"] };
  const body = { code: CODE, kind: "http", public: true };
  await (await server.tenant("brief", settings)).ask("PUT", "/functions/site", body);
  expect((await ask("/f/brief/site/calls")).status).toBe(200);
  await server.admin("DELETE", "/admin/tenants/brief");
  expect((await ask("/f/brief/site/calls")).status).toBe(401);
  await server.tenant("brief", settings);
  expect((await ask("/f/brief/site/calls")).status).toBe(401);
});

describe("who may call an HTTP function", () => {
  it("is anybody if it is public, and its tenant's keys otherwise", async () => {
    const rival = await server.tenant("rival");
    expect((await ask("/f/acme/own/calls", withKey())).status).toBe(200);
    const refused = async (path: string, init?: RequestInit) => {
      const response = await ask(path, init);
      const { error } = (await response.json()) as { error: { code: string } };
      return [response.status, error.code];
    };
    expect(await refused("/f/acme/own/calls")).toEqual([401, "UNAUTHORIZED"]);
    expect(await refused("/f/acme/missing/calls")).toEqual([401, "UNAUTHORIZED"]);
    expect(await refused("/f/acme/own/calls", withKey(rival.key))).toEqual([
      404,
      "FUNCTION_NOT_FOUND",
    ]);
    expect(await refused("/f/acme/own/calls", withKey(ADMIN_KEY))).toEqual([403, "WRONG_SCOPE"]);
    expect(await refused("/f/acme/missing/", withKey())).toEqual([404, "FUNCTION_NOT_FOUND"]);
    expect(await refused("/f/nobody/site/", withKey())).toEqual([404, "FUNCTION_NOT_FOUND"]);
    expect(await refused("/f/ACME/site/", withKey())).toEqual([400, "BAD_REQUEST"]);
    expect(await refused("/f/acme/a.b/", withKey())).toEqual([400, "BAD_REQUEST"]);
  });

  it.each([
    ["own", () => acme.key, undefined],
    ["site", () => acme.key, undefined],
    ["site", () => ADMIN_KEY, undefined],
    ["site", () => `${acme.key.slice(0, -1)}x`, undefined],
    ["site", () => "token-of-its-own", "Bearer token-of-its-own"],
  ])("shows its code no key of this server's: %s", async (name, key, seen) => {
    const response = await ask(`/f/acme/${name}/echo`, withKey(key()));
    const { headers } = (await response.json()) as { headers: Record<string, string> };
    expect(headers.authorization).toBe(seen);
  });

  it("is no other site's page where no key is needed", async () => {
    const open = host.start({}, [engine]);
    const post = (path: string, body: object) =>
      open.app.request(path, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const http = { code: CODE, kind: "http", sandbox: "isolated" };
    await post("/functions/own", http);
    await post("/functions/site", { ...http, public: true });
    const status = async (name: string, headers: Record<string, string>) =>
      (await open.app.request(`/f/default/${name}/calls`, { headers })).status;
    expect(await status("own", {})).toBe(200);
    // Without keys, the header belongs to the function.
    const authorization = "Bearer anything";
    const echo = await open.app.request("/f/default/own/echo", { headers: { authorization } });
    expect(await echo.json()).toMatchObject({ headers: { authorization } });
    expect(await status("own", { "sec-fetch-site": "none" })).toBe(200);
    expect(await status("own", { origin: "http://localhost" })).toBe(200);
    for (const headers of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
      { origin: "null" },
    ]) {
      expect([headers, await status("own", headers)]).toEqual([headers, 403]);
      expect([headers, await status("site", headers)]).toEqual([headers, 200]);
    }
  });
});

describe("a response on a connection", () => {
  it("arrives as it is made", async () => {
    const port = await listen();
    const get = (path: string) => fetch(`http://127.0.0.1:${port}/f/acme/site/${path}`);
    expect(await (await get("parts")).text()).toBe("abc");
    // This body has no end.
    const started = performance.now();
    const reader = (await get("silent")).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("begun");
    expect(performance.now() - started).toBeLessThan(10_000);
    await reader?.cancel();
    await until(() => engine.status().leased === 0);
  });

  it.each([
    ["site/breaks", "its code fails in the middle"],
    ["brief-site/silent", "its time is up"],
  ])("is cut off, and not ended, if %s: %s", async (path) => {
    const port = await listen();
    await until(() => engine.status().warm > 0);
    const raw = await rawResponse(port, `/f/acme/${path}`);
    expect(raw).toMatch(/^HTTP\/1\.1 200 /);
    expect(raw).toContain("begun");
    expect(raw).not.toContain("secret");
    // The last chunk of a complete body.
    expect(raw).not.toMatch(/0\r\n\r\n$/);
  });

  it("has its code wait for a client that does not read, and ends it when that one goes", async () => {
    const port = await listen();
    await until(() => engine.status().leased === 0);
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write("GET /f/acme/site/endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => engine.status().leased === 1);
    const { rss } = process.memoryUsage();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(process.memoryUsage().rss - rss).toBeLessThan(100_000_000);
    expect(engine.status().leased).toBe(1);
    socket.destroy();
    await until(() => engine.status().leased === 0);
    await server.services.executionWriter.flush();
    const { body } = await acme.ask("GET", "/executions?via=http&limit=1");
    expect(body.executions[0]).toMatchObject({ outcome: "aborted" });
  });
});

/** Returns everything that a server sends until it closes the connection. */
function rawResponse(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    });
    socket.setEncoding("latin1").on("data", (chunk) => {
      received += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}
