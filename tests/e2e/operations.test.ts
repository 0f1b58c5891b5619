/** Tests the signals for an operator, from a server's first request to its end by SIGTERM. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { expressions } from "../helpers/monitoring.ts";
import { readsOf } from "../helpers/promql.ts";
import { TestServer } from "../helpers/server.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const SECRET = "no-log-and-no-span-has-this";
const CODE = `export default (x) => x.length /* ${SECRET} */`;

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** Requests posted to an OTLP receiver. */
const posted: { path: string; body: string }[] = [];
const receiver: Server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => {
    posted.push({ path: request.url ?? "", body });
    response.setHeader("Content-Type", "application/json").end("{}");
  });
});

let server: TestServer;
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  server = await TestServer.start({
    ISOLATE_ENGINE: "none",
    ISOLATE_POOL_MIN: "1",
    ISOLATE_LOG_FORMAT: "json",
    ISOLATE_DRAIN_DELAY: "1000",
    ISOLATE_DRAIN: "2500",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
  });
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  receiver.close();
});

const request = { sandbox: "isolated", timeout: 30_000 };

/** Code that answers at once and streams for two seconds. */
const STREAMING = `export default () => new Response(new ReadableStream({
  async start(controller) {
    for (let i = 0; i < 20; i += 1) {
      controller.enqueue(new TextEncoder().encode(i + " "));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    controller.close();
  },
}))`;

function stream(code: string): Promise<Response> {
  return fetch(`${server.url}/execute`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ ...request, code }),
  });
}

it("logs a request in one line of JSON, and counts it", async () => {
  const response = await fetch(`${server.url}/execute`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      traceparent: `00-${TRACE}-${PARENT}-01`,
      Authorization: `Bearer ${SECRET}`,
    },
    body: JSON.stringify({ ...request, code: CODE, input: SECRET }),
  });
  expect(await response.json()).toMatchObject({ ok: true, result: SECRET.length });
  const entries = server.log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const requestId = response.headers.get("X-Request-Id");
  expect(entries.filter((entry) => entry.requestId === requestId)).toMatchObject([
    { level: "info", tenant: "default", method: "POST", route: "/execute", status: 200 },
  ]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain(
    'isolate_executions_total{via="execute",level="isolated",outcome="ok"} 1',
  );
  expect(metrics).toContain("isolate_store_up 1");
  const read = expressions().flatMap((expression) => readsOf(expression));
  for (const { metric } of read.filter(({ metric: name }) => name !== "up")) {
    expect(metrics).toMatch(new RegExp(`^# TYPE ${metric.replace(/_bucket$/, "")} `, "m"));
  }
});

it("says first that it leaves, then refuses work, finishes what it can, and ends the rest", async () => {
  const deployed = await fetch(`${server.url}/functions/counter`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...request, code: STREAMING, kind: "http" }),
  });
  expect(deployed.status).toBe(201);
  const finishing = await stream(
    "export default () => new Promise((r) => setTimeout(() => r('finished'), 2200))",
  );
  const endless = await stream("export default () => new Promise(() => setInterval(() => {}, 9))");
  const streaming = await fetch(`${server.url}/f/default/counter/`);
  const exited = server.stop("SIGTERM");
  const readiness = (): Promise<Response> => fetch(`${server.url}/readyz`);
  await until(async () => (await readiness()).status === 503);
  // A client that does not know of the end yet is still served.
  expect(await server.execute({ ...request, code: "export default () => 1" })).toMatchObject({
    ok: true,
  });
  // A job is for another server, or for the next start.
  const accepted = await fetch(`${server.url}/execute`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Prefer: "respond-async" },
    body: JSON.stringify({ ...request, code: "export default () => 1" }),
  });
  expect(accepted.status).toBe(202);
  let refused: Response | undefined;
  await until(async () => {
    refused = await server.post({ ...request, code: "export default () => 1" });
    return refused.status === 503;
  });
  expect(await refused?.json()).toMatchObject({ error: { code: "SHUTTING_DOWN" } });
  expect(refused?.headers.get("Retry-After")).toBeTruthy();
  expect(accepted.headers.get("Connection")).toBe("close");
  expect(refused?.headers.get("Connection")).toBe("close");
  const job = await fetch(`${server.url}${accepted.headers.get("Location")}`);
  expect(await job.json()).toMatchObject({ status: "queued", attempts: 0 });
  expect(await readiness()).toMatchObject({ status: 503 });
  expect(await finishing.text()).toMatch(/event: result\ndata: .*"finished"/);
  expect(await streaming.text()).toMatch(/^0 1 .* 19 $/);
  expect(await endless.text()).toMatch(/event: error\ndata: .*"SHUTTING_DOWN"/);
  expect(await exited).toBe(0);
  expect(server.log).toContain("Everything is removed");
  expect(server.log).not.toContain(SECRET);
});

it("has sent its spans, each below the one it is a part of", () => {
  expect(new Set(posted.map(({ path }) => path))).toEqual(new Set(["/v1/traces"]));
  const all = posted.flatMap(({ body }) => {
    expect(body).not.toContain(SECRET);
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
  const spans = all.filter(({ traceId }) => traceId === TRACE);
  const named = new Map(spans.map((span) => [span.name, span]));
  expect([...named.keys()].sort()).toEqual([
    "POST /execute",
    "acquire",
    "execute",
    "format",
    "load",
    "run",
  ]);
  expect(named.get("POST /execute")?.parentSpanId).toBe(PARENT);
  const parent = (name: string) => {
    const id = named.get(name)?.parentSpanId;
    return spans.find(({ spanId }) => spanId === id)?.name;
  };
  expect(parent("execute")).toBe("POST /execute");
  for (const name of ["load", "acquire", "run", "format"]) expect(parent(name)).toBe("execute");
  expect(named.get("execute")?.attributes).toContainEqual({
    key: "isolate.outcome",
    value: { stringValue: "ok" },
  });
});
