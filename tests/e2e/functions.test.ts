import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { containersOf } from "../helpers/containers.ts";
import { TestServer } from "../helpers/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ ISOLATE_HTTP_BYTES: "1000000" });
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
