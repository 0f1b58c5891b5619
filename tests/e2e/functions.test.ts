import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "../contract/engine-contract.ts";
import { containersOf } from "../helpers/containers.ts";
import { header } from "../helpers/http-functions.ts";
import { rawExchange } from "../helpers/raw-exchange.ts";
import { TestServer } from "../helpers/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({
    ISOLATE_HTTP_BYTES: "1000000",
    ISOLATE_FUNCTION_HOSTS: "*.fn.example.com",
    ISOLATE_CORS: "https://console.example",
  });
});
afterAll(async () => {
  const { runDirectory } = server;
  const followed = await fetch(`${server.url}/functions/failing/logs?follow=true`);
  expect(followed.status).toBe(200);
  const last = followed.text();
  expect(await server.dispose()).toEqual([]);
  // A client that follows does not hold up the shutdown, and is told of it.
  expect(await last).toContain('event: end\ndata: {"reason":"shutdown"}');
  expect(await containersOf(runDirectory)).toEqual([]);
});

async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

async function pool(): Promise<Record<string, number>> {
  const { pool } = (await ask("GET", "/readyz")) as { pool: Record<string, number> };
  return pool;
}

it("a deployed function is called where it has run before", async () => {
  const files = {
    "main.ts": `import { add } from "./lib/add.ts";
      import { hostname } from "node:os";
      let calls = 0;
      export default ({ n }: { n: number }) => [add(n), ++calls, hostname() !== ""];`,
    "lib/add.ts": "export const add = (n: number): number => n + 1;",
  };
  const deployed = await ask("PUT", "/functions/add", {
    files,
    permissions: { sys: ["hostname"] },
  });
  expect(deployed).toMatchObject({ status: 201, version: 1, request: { reuse: "code" } });
  const invoke = () => ask("POST", "/functions/add/invoke", { input: { n: 1 } });
  expect((await invoke()).result).toEqual([2, 1, true]);
  expect((await invoke()).result).toEqual([2, 2, true]);
  const { executions } = await ask("GET", "/executions?function=add");
  expect(executions).toMatchObject(
    Array(2).fill({ via: "invoke", version: 1, level: "container" }),
  );
});

it("an HTTP function answers from its container, in a stream that is bounded", async () => {
  const code = `
    const parts = (count, size) => new ReadableStream({
      async start(out) {
        for (let n = 0; n < count; n += 1) out.enqueue(new Uint8Array(size).fill(65 + n));
        out.close();
      },
    });
    let calls = 0;
    export default async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/post")) return Response.json([++calls, request.method, await request.text()]);
      return new Response(pathname.endsWith("/long") ? parts(11, 100_000) : parts(9, 100_000));
    };`;
  await ask("PUT", "/functions/site", { code, kind: "http" });
  const site = `${server.url}/f/default/site`;
  for (const calls of [1, 2]) {
    const posted = await fetch(`${site}/post`, { method: "POST", body: "x".repeat(500_000) });
    expect(await posted.json()).toEqual([calls, "POST", "x".repeat(500_000)]);
  }
  const body = await (await fetch(`${site}/short`)).text();
  expect([body.length, body.at(0), body.at(-1)]).toEqual([900_000, "A", "I"]);
  await expect(fetch(`${site}/long`).then((response) => response.text())).rejects.toThrow();
});

it("what code has logged is read afterwards by its id, however it ended", async () => {
  const code = `export default async (kind) => {
    console.log("begun", "\\0", "\\ud800");
    if (kind === "exception") throw new TypeError("why");
    if (kind === "timeout") while (true);
    if (kind === "crash") process.kill(process.pid, "SIGKILL");
    if (kind === "many") for (let n = 0; n < 1000; n += 1) console.log("x".repeat(1040));
  }`;
  for (const input of ["", "exception", "timeout", "crash", "many"]) {
    const timeout = input === "timeout" ? 1_000 : 20_000;
    const answer = await ask("POST", "/execute", { code, input, timeout });
    const { logs, logsDropped = 0 } = await ask("GET", `/executions/${answer.id}/logs`);
    const [all, kept] = [answer.logs, logs] as { level: string }[][];
    if (input === "many") {
      expect([all?.length, kept?.length]).toEqual([1_000, 1_001 - Number(logsDropped)]);
      expect(all?.slice(0, kept?.length)).toEqual(kept);
      expect(JSON.stringify(kept).length).toBeLessThan(66_000);
    } else {
      expect([input, kept]).toEqual([input, all]);
      expect(kept?.length).toBeGreaterThan(0);
    }
  }
});

it("an HTTP function's tenant reads why it failed, under its X-Execution-Id", async () => {
  const code = 'export default () => { console.log("hello"); throw new Error("why") }';
  await ask("PUT", "/functions/failing", { code, kind: "http", public: true });
  const client = new AbortController();
  const { signal } = client;
  const headers = { accept: "text/event-stream" };
  const followed = await fetch(`${server.url}/functions/failing/logs`, { headers, signal });
  const events = followed.body?.getReader();
  const failed = await fetch(`${server.url}/f/default/failing/`);
  expect([failed.status, (await failed.json()).error.message]).toEqual([
    502,
    "The function failed",
  ]);
  const id = failed.headers.get("x-execution-id") ?? "";
  const { logs } = (await ask("GET", `/executions/${id}/logs`)) as { logs: { level: string }[] };
  expect(logs).toMatchObject([
    { level: "log", message: "hello" },
    { level: "exception", name: "Error", message: "why", stack: expect.stringContaining("Error") },
  ]);
  const { executions } = await ask("GET", "/functions/failing/logs");
  expect(executions).toMatchObject([{ executionId: id, version: 1, logs }]);
  const again = await fetch(`${server.url}/f/default/failing/`);
  let text = "";
  const next = again.headers.get("x-execution-id") ?? "none";
  while (text.split(next).length < 3) {
    const { value, done } = (await events?.read()) ?? { done: true };
    if (done) break;
    text += Buffer.from(value ?? []).toString();
  }
  const told = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
  expect(told.map(({ executionId }) => executionId)).toEqual([id, id, next, next]);
  expect(told.map((each) => each.logs[0].level)).toEqual(["log", "exception", "log", "exception"]);
  // The server's own log has nothing of it.
  expect(server.log).not.toMatch(/hello|why/);
  client.abort();
  // More than may follow at once, so each that hangs up has given its place back.
  for (let n = 0; n < 20; n += 1) {
    const next = new AbortController();
    const asked = () => fetch(followed.url, { headers, signal: next.signal });
    await until(async () => (await asked()).status === 200);
    next.abort();
  }
});

it("an HTTP function's container ends with the client that it answers", async () => {
  const code = `export default () => new Response(new ReadableStream({
    start: (out) => out.enqueue(new TextEncoder().encode("begun")),
  }))`;
  await ask("PUT", "/functions/endless", { code, kind: "http", timeout: 60_000 });
  const client = new AbortController();
  const { signal } = client;
  const response = await fetch(`${server.url}/f/default/endless/`, { signal });
  const { value } = (await response.body?.getReader().read()) ?? {};
  expect(Buffer.from(value ?? []).toString()).toBe("begun");
  expect((await pool()).leased).toBe(1);
  client.abort();
  await until(async () => (await pool()).leased === 0);
});

it("a deployment is refused for what could not run, and the version before goes on", async () => {
  const deploy = (body: object) => ask("PUT", "/functions/checked", body);
  expect(await deploy({ code: "export default () => 1" })).toMatchObject({
    status: 201,
    version: 1,
  });
  const refusals: [body: object, field: string, message: RegExp, location?: object][] = [
    [
      { code: "export default () => {\n  const a = ;\n}" },
      "code",
      /^code: main\.ts:2:13: Expression expected$/,
      {
        file: "main.ts",
        line: 2,
        column: 13,
        frame: "1 | export default () => {\n2 |   const a = ;\n  |             ^",
      },
    ],
    [{ code: "return 5" }, "code", /Illegal return/, { file: "main.ts", line: 1, column: 1 }],
    [
      { code: "export default (x: number) => x", language: "javascript" },
      "code",
      /main\.ts:1:18/,
      { line: 1, column: 18 },
    ],
    [{ code: 'import a from "./a.ts"; export default a' }, "code", /There is no/, { column: 15 }],
    [
      { code: "export const main = () => 1" },
      "code",
      /There is no export "default": the module exports: main\. .*"entry":"main"/,
    ],
    [{ code: "export default 1", entry: "run" }, "entry", /exports: default/],
    [
      { files: { "main.ts": 'import "./a.ts"; export default 1', "a.ts": "let b = ;" } },
      "files",
      /^files: a\.ts:1:9: /,
      { file: "a.ts", line: 1, column: 9, frame: "1 | let b = ;\n  |         ^" },
    ],
    [{ files: { "main.ts": "export const a = 1" } }, "files", /the module exports: a/],
    [{ files: { "main.ts": "" }, language: "typescript" }, "language", /ending of a file/],
  ];
  for (const [body, field, message, location] of refusals) {
    const { status, error } = (await deploy(body)) as {
      status: number;
      error: { message: string };
    };
    expect([status, error]).toMatchObject([400, { field, ...(location && { location }) }]);
    expect(error.message).toMatch(message);
  }
  // Without any body, and so without a media type.
  const url = `${server.url}/functions/checked/invoke`;
  const invoked = await fetch(url, { method: "POST" });
  expect([invoked.status, await invoked.json()]).toMatchObject([200, { result: 1 }]);
  // Whether there is a body is found without reading it.
  const large = await ask("POST", "/functions/checked/invoke", { input: "x".repeat(3_000_000) });
  expect(large).toMatchObject({ status: 200, result: 1 });
  const headers = { origin: "http://other.example" };
  expect((await fetch(url, { method: "POST", headers })).status).toBe(415);
  expect(await ask("GET", "/functions/checked")).toMatchObject({ current: 1, latest: 1 });
});

it("files keep their names, languages and positions", async () => {
  const files = {
    "main.ts": `import { run } from "./lib/run.ts"; import fromJs from "./js.js"; import c from "./c.cjs";
      import { f, ValidationError as Other } from "./f.ts";
      class ValidationError extends Error { constructor(m: string) { super(m); this.name = new.target.name } }

export default async (what: string) => {
  if (what === "position") return run({});
  if (what === "log") try { run({}) } catch (error) { console.log(error.stack); return }
  if (what === "name") throw new ValidationError("bad");
  if (what === "cause") throw new Error("outer", { cause: (() => { try { run({}) } catch (error) { return error } })() });
  return [
    fromJs(1, 2, 3), c.x, (await import(\`./\${what}.ts\`)).a, Other.name, f.name,
    new URL("./data.txt", import.meta.url).href,
  ];
};`,
    "lib/run.ts": "/* header\n * two\n */\nexport function run(x: any) {\n  return x.foo.bar;\n}\n",
    "js.js":
      "module.exports=function(e,t,n){var r;function i(){return [].slice.call(arguments)}return i(e<t,n>(r=2))}",
    "c.cjs": 'const p = require("node:path"); module.exports = { x: p.join("a","b") }',
    "f.ts": "export class ValidationError extends Error {}; export const f = () => 1",
    "a.ts": "export const a = 1",
  };
  expect(await ask("PUT", "/functions/files", { files })).toMatchObject({ status: 201 });
  const invoke = async (input: string) => {
    type Entry = { message: string; stack?: string; name?: string };
    const answer = await ask("POST", "/functions/files/invoke", { input });
    return { result: answer.result, last: (answer.logs as Entry[] | undefined)?.at(-1) };
  };
  expect((await invoke("a")).result).toEqual([
    [true, true],
    "a/b",
    1,
    "ValidationError",
    "f",
    "file:///data.txt",
  ]);
  const stack = /at run \(lib\/run\.ts:5:16\)\n.* at default \(main\.ts:6:35\)$/;
  expect((await invoke("position")).last?.stack).toMatch(stack);
  expect((await invoke("log")).last?.message).toMatch(/at run \(lib\/run\.ts:5:16\)/);
  expect((await invoke("name")).last).toMatchObject({ name: "ValidationError", message: "bad" });
  // An answer that comes later has them, too.
  const later = await fetch(`${server.url}/functions/files/invoke`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "respond-async" },
    body: JSON.stringify({ input: "position" }),
  });
  const { id } = (await later.json()) as { id: string };
  await until(
    async () =>
      (await ask("GET", `/jobs/${id}`)).status === "done" ||
      "answer" in (await ask("GET", `/jobs/${id}`)),
  );
  const { answer } = (await ask("GET", `/jobs/${id}`)) as { answer: { logs: { stack: string }[] } };
  expect(answer.logs.at(-1)?.stack).toMatch(stack);
});

it("an HTTP function is served by names of its own from its container, as pages and as a WebSocket", async () => {
  const code = `export default (request) => {
    const { url, headers } = request;
    if (headers.get("upgrade") !== "websocket") {
      return Response.json({ url, host: headers.get("x-forwarded-host") }, { headers: { "set-cookie": "a=1; Path=/" } });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => { socket.send(url + " " + data); socket.close(); };
    return response;
  }`;
  const cors = { origins: ["https://app.example"] };
  const deployed = await ask("PUT", "/functions/web", { code, kind: "http", public: true, cors });
  expect(deployed.status).toBe(201);
  expect(await ask("PUT", "/hosts/Web.Example.org", { function: "web" })).toMatchObject({
    ...{ status: 201, name: "web.example.org", verified: true },
  });
  const get = (host: string, path: string, ...lines: string[]) => {
    const head = [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines, "Connection: close"];
    return rawExchange(server.url, [...head, "", ""].join("\r\n"));
  };
  for (const host of ["web.example.org", "web.fn.example.com"]) {
    const origin = "Origin: https://app.example";
    const answer = await get(`${host.toUpperCase()}:80`, "/execute?a=b", origin);
    expect(answer.status).toBe(200);
    expect(answer.rest).toContain(`{"url":"http://${host}/execute?a=b","host":"${host}"}`);
    expect(header(answer, "set-cookie")).toBe("a=1; path=/");
    expect(header(answer, "access-control-allow-origin")).toBe("https://app.example");
    expect(header(answer, "vary")).toBe("origin");
    expect(header(answer, "content-security-policy")).toBeUndefined();
    const url = server.url.replace("http", "ws");
    const client = new WebSocket(`${url}/tenant`, { headers: { host } });
    await once(client, "open");
    client.send("x");
    const [data] = await once(client, "message");
    expect(String(data)).toBe(`http://${host}/tenant x`);
    await once(client, "close");
  }
  expect((await get("none.fn.example.com", "/healthz")).status).toBe(404);
  expect((await get("evil.example.org", "/healthz")).status).toBe(403);
  // The API's answers are for pages of its own list alone.
  const origins = ["https://console.example", "https://app.example"];
  const seen = await Promise.all(
    origins.map((origin) => get("localhost", "/functions/web", `Origin: ${origin}`)),
  );
  expect(seen.map((answer) => header(answer, "access-control-allow-origin"))).toEqual([
    "https://console.example",
    undefined,
  ]);
  expect((await ask("PUT", "/hosts/web.example.org", {})).status).toBe(200);
  expect((await get("web.example.org", "/web/x")).rest).toContain("http://web.example.org/x");
  const gone = await fetch(`${server.url}/hosts/web.example.org`, { method: "DELETE" });
  expect(gone.status).toBe(204);
  expect((await get("web.example.org", "/web/x")).status).toBe(403);
});
