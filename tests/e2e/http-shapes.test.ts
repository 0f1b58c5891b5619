/** Tests the forms of HTTP functions that people deploy, and what goes over the wire. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { APPS, bundled } from "../helpers/http-apps.ts";
import { HttpFunctions, header } from "../helpers/http-functions.ts";
import { IN_PROCESSES, TestServer } from "../helpers/server.ts";

let server: TestServer;
let functions: HttpFunctions;
beforeAll(async () => {
  server = await TestServer.start({
    ...IN_PROCESSES,
    ISOLATE_HTTP_BYTES: "40000000",
    ISOLATE_POOL_MAX: "40",
  });
  functions = new HttpFunctions(server);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

const TEXT = "new Response('hi')";

describe("the forms of a handler", () => {
  it.each<[form: string, code: string, path: string, expected: unknown[]]>([
    [
      "an object with fetch",
      `export default { async fetch() { return ${TEXT} } }`,
      "",
      [200, "hi"],
    ],
    [
      "an object that needs its this",
      `class App { #text = "own"; fetch() { return new Response(this.#text) } }
       export default new App();`,
      "",
      [200, "own"],
    ],
    [
      "fetch with a bag of variables and a context",
      `export default { fetch(request, env, ctx) {
         ctx.waitUntil(Promise.resolve()); ctx.passThroughOnException();
         return Response.json([typeof env, Object.keys(env), env.KEY ?? null, typeof ctx.waitUntil]);
       } }`,
      "",
      [200, '["object",[],null,"function"]'],
    ],
    [
      "a function with a context",
      "export default (request, { waitUntil }) => { waitUntil(1); return new Response(typeof waitUntil) }",
      "",
      [200, "function"],
    ],
    [
      "a named function of Node's",
      'export default function handler(req, res) { res.end("x") }',
      "",
      [200, "x"],
    ],
    [
      "an arrow of Node's with types",
      `import type { IncomingMessage, ServerResponse } from "node:http";
       export default async (req: IncomingMessage, res: ServerResponse) => {
         let body = ""; for await (const part of req) body += part;
         res.writeHead(201, { "x-a": ["1", "2"], "set-cookie": ["a=1", "b=2"] });
         res.write(req.method + " "); res.write(req.url + " " + typeof req.headers.host); res.end(body);
       }`,
      "/users?x=1",
      [201, "GET /users?x=1 string"],
    ],
    [
      "a server of node:http",
      `import { createServer } from "node:http";
       export default createServer((request, answer) => { answer.statusCode = 203; answer.end("s"); });`,
      "",
      [203, "s"],
    ],
    ["an export named by the method", `export const GET = () => ${TEXT}`, "", [200, "hi"]],
    ["a redirect", 'export default () => Response.redirect("https://a.example/b")', "", [302, ""]],
    ["JSON", "export default () => Response.json({ a: 1 })", "", [200, '{"a":1}']],
    ["no body", "export default () => new Response(null, { status: 205 })", "", [205, ""]],
  ])("may be %s", async (_form, code, path, expected) => {
    await functions.deploy("form", code);
    expect(await functions.ask("form", path)).toEqual(expected);
  });

  it("may be several exports, of which the others are refused", async () => {
    await functions.deploy(
      "methods",
      "export const GET = (r) => new Response(r.method); export const POST = GET;",
    );
    expect(await functions.ask("methods", "", { method: "POST" })).toEqual([200, "POST"]);
    for (const [method, status] of [
      ["HEAD", 200],
      ["DELETE", 405],
      ["OPTIONS", 204],
    ] as const) {
      const { status: got, headers } = await fetch(functions.at("methods"), { method });
      expect([method, got, headers.get("allow")]).toEqual([
        method,
        status,
        status === 200 ? null : "GET, POST",
      ]);
    }
  });

  it("may be a handler of Node's that streams, fails, or reads a body", async () => {
    await functions.deploy(
      "node",
      `export default async function (req, res) {
         if (req.url === "/throw") throw new RangeError("mine");
         if (req.url === "/later") { setTimeout(() => res.setHeader("x", "1").end("later"), 20); return; }
         if (req.url === "/big") {
           for (let n = 0; n < 40; n += 1) {
             if (!res.write(Buffer.alloc(100_000, 65))) await new Promise((done) => res.once("drain", done));
           }
           return res.end();
         }
         if (req.url === "/chunked") res.setHeader("Transfer-Encoding", "chunked");
         if (req.url === "/none") { res.statusCode = 204; return res.end(); }
         const parts = []; for await (const part of req) parts.push(part);
         res.setHeader("Content-Type", "text/x"); res.end(Buffer.concat(parts));
       }`,
    );
    expect(await functions.ask("node", "/later")).toEqual([200, "later"]);
    expect(await functions.ask("node", "/none")).toEqual([204, ""]);
    expect(await functions.ask("node", "/chunked", { method: "POST", body: "Grüße" })).toEqual([
      200,
      "Grüße",
    ]);
    expect(((await functions.ask("node", "/big"))[1] as string).length).toBe(4_000_000);
    const body = "y".repeat(900_000);
    expect(await functions.ask("node", "/x", { method: "PUT", body })).toEqual([200, body]);
    expect((await functions.ask("node", "/x", { method: "HEAD" }))[0]).toBe(200);
    expect(await functions.failure("node", "/throw")).toEqual({
      status: 502,
      code: "FUNCTION_FAILED",
      message: "RangeError: mine",
    });
  });

  it.each(APPS)("may be an app of %s, unchanged", async (_name, source) => {
    await functions.deploy("app", await bundled(source));
    const [status, body] = await functions.ask("app", "/users/7?q=z");
    expect([status, JSON.parse(body as string)]).toEqual([200, { id: "7", q: "z" }]);
    expect(await functions.ask("app", "/echo", { method: "POST", body: "Grüße" })).toEqual([
      201,
      "Grüße",
    ]);
    expect(await functions.ask("app", "/stream")).toEqual([200, "ab"]);
    expect(await functions.ask("app", "/nowhere")).toEqual([404, "none"]);
    const moved = await fetch(functions.at("app", "/go"), { redirect: "manual" });
    expect(moved.headers.get("location")).toBe("/f/default/app/users/2");
    expect((await (await fetch(functions.at("app", "/go"))).json()) as object).toMatchObject({
      id: "2",
    });
  });

  it.each([
    [
      "a text",
      "export default () => 'hi'",
      /returned a string, and no Response\. Return a Response/,
    ],
    ["nothing", "export default () => {}", /returned nothing, and no Response/],
    [
      "an object",
      "export default { fetch: () => ({ status: 200 }) }",
      /returned an object, and no/,
    ],
    [
      "an error of the network",
      "export default () => Response.error()",
      /Response\.error\(\) cannot/,
    ],
    [
      "no handler",
      "export default { handle() {} }",
      /Entry "default" is not a function, nor an object/,
    ],
  ])("is told what is wrong with %s", async (_what, code, message) => {
    await functions.deploy("wrong", code);
    const failed = await functions.failure("wrong");
    expect(failed).toMatchObject({ status: 502, code: "FUNCTION_FAILED" });
    expect(failed.message).toMatch(message);
  });

  it.each([
    ["sent", "const one = new Response('one'); export default () => one"],
    [
      "locked",
      "let n = 0; export default () => { const one = new Response('one'); if (n++ > 0) one.body.getReader(); return one; }",
    ],
    [
      "read",
      "let n = 0; export default async () => { const one = new Response('one'); if (n++ > 0) await one.text(); return one; }",
    ],
    ["sent to HEAD", "const one = new Response(''); export default () => one"],
  ])("is told of a Response that was %s before", async (how, code) => {
    await functions.deploy("used", code);
    expect(
      (await functions.ask("used", "", how === "sent to HEAD" ? { method: "HEAD" } : {}))[0],
    ).toBe(200);
    await until(async () => (await functions.ask("used"))[0] !== 200);
    const failed = await functions.failure("used");
    expect(failed).toMatchObject({ status: 500, code: "RESPONSE_USED" });
    expect(failed.message).toMatch(/body of the Response has already been used/);
  });
});

describe("work that a handler announces", () => {
  const CODE = `const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    let done = 0;
    export default { fetch(request, _env, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === "/begin") ctx.waitUntil(wait(400).then(() => { done += 1; }));
      if (pathname === "/fail") ctx.waitUntil(wait(10).then(() => { throw new RangeError("late") }));
      if (pathname === "/never") ctx.waitUntil(new Promise(() => {}));
      return new Response(String(done));
    } }`;

  async function executionOf(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(functions.at("later", path));
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
    const id = response.headers.get("x-execution-id");
    let found: Record<string, unknown> = {};
    await until(async () => {
      const asked = await fetch(`${server.url}/executions/${id}`);
      found = (await asked.json()) as Record<string, unknown>;
      return asked.status === 200;
    });
    return found;
  }

  it("goes on after the whole response, and belongs to its execution", async () => {
    await functions.deploy("later", CODE);
    expect((await executionOf("/begin")).outcome).toBe("ok");
    expect(await functions.ask("later", "/count")).toEqual([200, "1"]);
    expect((await executionOf("/fail")).outcome).toBe("exception");
  });

  it("ends with the time of its execution", async () => {
    await functions.deploy("later", CODE, { timeout: 1_500 });
    expect((await executionOf("/never")).outcome).toBe("ok");
  });
});

describe("what goes over the wire", () => {
  it("has the type, the length and the characters of its response", async () => {
    await functions.deploy(
      "untyped",
      `export default (request) => {
         const { pathname } = new URL(request.url);
         if (pathname === "/text") return new Response("x");
         if (pathname === "/none") return new Response(null, { headers: { "x-latin": "caf\\xe9" } });
         if (pathname === "/slow") return new Response(new ReadableStream({ async start(c) {
           await new Promise((done) => setTimeout(done, 50)); c.enqueue(new Uint8Array([1])); c.close(); } }));
         return new Response(new Blob([new Uint8Array([0, 255])]).stream());
       }`,
    );
    for (const path of ["", "/slow"]) {
      expect(header(await functions.raw("untyped", "", { path }), "content-type")).toBeUndefined();
    }
    expect((await functions.raw("untyped")).rest).toContain("\0\xff");
    const typed = await functions.raw("untyped", "", { path: "/text" });
    expect(header(typed, "content-type")).toBe("text/plain;charset=utf-8");
    const latin = await functions.raw("untyped", "", { path: "/none" });
    expect([header(latin, "x-latin"), header(latin, "content-length")]).toEqual(["caf\xe9", "0"]);
    // The server's own answers have one.
    expect(header(await functions.raw("nobody"), "content-type")).toMatch(/json/);
  });

  it("shows code the length of its request, as it was sent", async () => {
    await functions.deploy(
      "length",
      `export default async (r) => {
         const length = r.headers.get("content-length");
         return new Response("<" + length + " " + (await r.text()).length + ">");
       }`,
    );
    const told = async (head: string, method: string, body = ""): Promise<string | undefined> =>
      /<.*>/.exec((await functions.raw("length", head, { method, body })).rest)?.[0];
    expect(await told("Content-Length: 2\r\n", "POST", "{}")).toBe("<2 2>");
    expect(await told("Content-Length: 0\r\n", "POST")).toBe("<0 0>");
    expect(await told("", "GET")).toBe("<null 0>");
    const chunked = "Transfer-Encoding: chunked\r\n";
    expect(await told(chunked, "POST", "2\r\n{}\r\n0\r\nx-trailer: 1\r\n\r\n")).toBe("<null 2>");
    const expecting = "Content-Length: 2\r\nExpect: 100-continue\r\n";
    expect((await functions.raw("length", expecting, { method: "PUT", body: "ab" })).head).toMatch(
      /^http\/1.1 100 continue/,
    );
  });

  it("keeps a length that is true, and breaks off a response whose length is not", async () => {
    await functions.deploy(
      "promise",
      `export default (request) => {
         const { searchParams } = new URL(request.url);
         const length = searchParams.get("length"), size = Number(searchParams.get("size"));
         const status = Number(searchParams.get("status") ?? 200);
         const body = size < 0 ? null : new Blob([new Uint8Array(size).fill(65)]).stream();
         return new Response(body, { status, headers: { "content-length": length } });
       }`,
    );
    const got = (query: string, method = "GET") =>
      functions.raw("promise", "", { path: `?${query}`, method });
    const exact = await got("length=3&size=3");
    expect([
      header(exact, "content-length"),
      header(exact, "transfer-encoding"),
      exact.rest,
    ]).toEqual(["3", undefined, "AAA"]);
    expect((await got("length=5&size=3")).rest.length).toBeLessThanOrEqual(3);
    expect((await got("length=2&size=3")).rest.length).toBeLessThanOrEqual(2);
    expect(header(await got("length=9&size=-1"), "content-length")).not.toBe("9");
    expect(header(await got("length=9&size=-1", "HEAD"), "content-length")).toBe("9");
    expect(header(await got("length=9&size=-1&status=304"), "content-length")).toBe("9");
    expect(header(await got("length=9&size=-1&status=204"), "content-length")).toBeUndefined();
    expect(header(await got("length=9&size=-1&status=205"), "content-length")).not.toBe("9");
    for (const bad of ["1e1", "-1", "", "1,1"]) {
      const odd = await got(`length=${bad}&size=3`);
      expect([bad, ["3", undefined]]).toEqual([
        bad,
        expect.arrayContaining([header(odd, "content-length")]),
      ]);
    }
  });

  it("carries large bodies both ways", async () => {
    await functions.deploy(
      "large",
      `export default async (request) => new Response(request.body, { headers: {
         "x-length": request.headers.get("content-length") } })`,
    );
    const body = Buffer.alloc(900_000, "abc");
    const response = await fetch(functions.at("large"), { method: "POST", body });
    expect(response.headers.get("x-length")).toBe("900000");
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    await functions.deploy(
      "endless",
      `export default () => { let left = 300; return new Response(new ReadableStream({ pull(c) {
         if (left-- === 0) c.close(); else c.enqueue(new Uint8Array(100_000)); } })) }`,
    );
    expect((await (await fetch(functions.at("endless"))).arrayBuffer()).byteLength).toBe(
      30_000_000,
    );
  });
});

describe("the place of a function", () => {
  const SEEN = `export default (request) => {
    const { url, headers } = request;
    const told = ["prefix", "host", "proto"].map((name) => headers.get("x-forwarded-" + name));
    const out = new Headers([["x-seen", JSON.stringify([url, ...told])]]);
    const { searchParams } = new URL(url);
    for (const name of ["location", "content-location", "set-cookie"]) {
      for (const value of searchParams.getAll(name)) out.append(name, value);
    }
    return new Response(null, { headers: out });
  }`;

  const seen = async (path: string, head = ""): Promise<unknown> =>
    JSON.parse(header(await functions.raw("place", head, { path }), "x-seen") ?? "null");

  it("is the root of what its code sees", async () => {
    expect(await functions.deploy("place", SEEN)).toMatchObject({
      stripPrefix: true,
      url: "/f/default/place/",
    });
    const told = ["/f/default/place", "localhost", "http"];
    const forged =
      "X-Forwarded-Prefix: /evil\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\n";
    for (const [path, expected] of [
      ["", "/"],
      ["/", "/"],
      ["?a=b", "/?a=b"],
      ["/users/1?x=%2f", "/users/1?x=%2f"],
      ["//b/c", "//b/c"],
      ["/a%2fb", "/a%2fb"],
    ] as const) {
      expect(await seen(path, forged)).toEqual([`http://localhost${expected}`, ...told]);
    }
  });

  it("stays in the path if the deployment says so", async () => {
    expect(await functions.deploy("place", SEEN, { stripPrefix: false })).toMatchObject({
      stripPrefix: false,
    });
    const own = "http://localhost/f/default/place";
    expect(await seen("/users?x")).toEqual([`${own}/users?x`, null, null, null]);
    expect(header(await functions.raw("place", "", { path: "?location=/login" }), "location")).toBe(
      "/login",
    );
    const refused = await fetch(`${server.url}/functions/value`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code: "export default () => 1", stripPrefix: false }),
    });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringMatching(/stripPrefix/),
    ]);
    const { versions } = (await (await fetch(`${server.url}/functions/place/versions`)).json()) as {
      versions: { stripPrefix: boolean; request: object }[];
    };
    expect(versions[0]?.request).not.toHaveProperty("stripPrefix");
    expect(versions.map(({ stripPrefix }) => stripPrefix)).toEqual([false, true]);
  });
});
