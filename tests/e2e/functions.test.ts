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
  expect(await server.dispose()).toEqual([]);
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
