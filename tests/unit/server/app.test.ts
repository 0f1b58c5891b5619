import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../../server/app.ts";
import { IsolateError } from "../../../src/base/errors.ts";
import { config } from "../../../src/config/config.ts";
import { PooledEngine } from "../../../src/engines/run/pooled-engine.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { CONTRACT_POOL, until } from "../../contract/engine-contract.ts";
import { RecordingEngine } from "../../fakes/recording-engine.ts";
import { ThreadLauncher } from "../../fakes/thread-launcher.ts";
import { MEASURED } from "../../helpers/measured.ts";
import { storelessServices } from "../../helpers/services.ts";

const MAX_BODY = 200_000;
const JSON_TYPE = { "content-type": "application/json" };
const code = "export default (x) => x";
const sandbox = "isolated";

let directory: string;
let engine: PooledEngine;
let kernel: Kernel;
let app: ReturnType<typeof buildApp>;
const errors: unknown[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const launcher = await ThreadLauncher.create(directory);
  engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
  kernel = new Kernel({ config: config({ memory: 128 }), engines: [engine] });
  app = buildApp({
    services: storelessServices(kernel),
    maxBody: MAX_BODY,
    onError: (error) => errors.push(error),
  });
});
afterAll(async () => {
  await kernel.close();
  await rm(directory, { recursive: true });
});

function post(body: BodyInit, headers: Record<string, string> = JSON_TYPE): Promise<Response> {
  const init = { method: "POST", body, headers, duplex: "half" } as RequestInit;
  return Promise.resolve(app.request("/execute", init));
}

/** Makes a request whose code runs until its caller leaves. */
function hogOf(signal: AbortSignal): Request {
  const hog = { code: "export default () => { while (true) {} }", sandbox, timeout: 60_000 };
  const init = { method: "POST", headers: JSON_TYPE, body: JSON.stringify(hog), signal };
  return new Request("http://host/execute", init);
}

async function expectProblem(response: Response, status: number, name: string): Promise<unknown> {
  expect(response.status).toBe(status);
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  expect(error).toMatchObject({
    name,
    code: expect.stringMatching(/^[A-Z_]+$/),
    message: expect.stringMatching(/\S/),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(error).not.toHaveProperty("stack");
  return error.field;
}

describe("POST /execute", () => {
  it("answers with the output", async () => {
    const response = await post(JSON.stringify({ code, sandbox, input: { a: [1] } }));
    expect(response.status).toBe(200);
    const body = (await response.json()) as Record<string, unknown>;
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(body).toEqual({ id, ok: true, outcome: "ok", result: { a: [1] }, ...MEASURED });
  });

  it("answers 200 to code that fails", async () => {
    const response = await post(
      JSON.stringify({ code: "export default () => { throw 1 }", sandbox }),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      ok: false,
      logs: [
        { level: "exception", name: "Exception", message: "1", timestamp: expect.any(Number) },
      ],
    });
  });

  it.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["NaN", '{"code":"1","timeout":NaN}'],
    ["invalid UTF-8", new Uint8Array([0x22, 0xff, 0xfe, 0x22])],
    ["a bare array", "[]"],
    ["100,000 open brackets", `{"code":"1","input":${"[".repeat(90_000)}`],
  ])("answers 400 to %s", async (_what, body) => {
    await expectProblem(await post(body), 400, "BadRequest");
  });

  it("answers 400 to an input nested 90,000 levels deep", async () => {
    const deep = `{"code":"1","input":${"[".repeat(90_000)}${"]".repeat(90_000)}}`;
    expect(await expectProblem(await post(deep), 400, "BadRequest")).toBe("input");
  });

  it("names the field that is wrong", async () => {
    const response = await post(JSON.stringify({ code, timeout: 0 }));
    expect(await expectProblem(response, 400, "BadRequest")).toBe("timeout");
  });

  it("answers 413 to code over the limit", async () => {
    const response = await post(JSON.stringify({ code: "x".repeat(100_001) }));
    expect(await expectProblem(response, 413, "PayloadTooLarge")).toBe("code");
  });

  it("answers 413 to a body that announces too much, without reading it", async () => {
    let read = 0;
    const endless = new ReadableStream({
      pull(controller) {
        read += 1;
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    const headers = { ...JSON_TYPE, "content-length": "1000000000" };
    await expectProblem(await post(endless, headers), 413, "PayloadTooLarge");
    expect(read).toBeLessThan(3);
  });

  it("answers 413 to a body that does not announce its size, after the limit", async () => {
    let read = 0;
    const endless = new ReadableStream({
      pull(controller) {
        read += 1;
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    await expectProblem(await post(endless), 413, "PayloadTooLarge");
    expect(read).toBeLessThan(MAX_BODY / 10_000 + 5);
  });

  it.each([
    ["no type", {}],
    ["a type a web page can send", { "content-type": "text/plain" }],
    ["a type that only looks like JSON", { "content-type": "application/jsonx" }],
    ["a compressed body", { ...JSON_TYPE, "content-encoding": "gzip" }],
  ])("answers 415 to %s", async (_what, headers) => {
    const response = await post(new TextEncoder().encode("{}"), headers as Record<string, string>);
    await expectProblem(response, 415, "UnsupportedMediaType");
  });

  it("answers 503 for a level this host does not have, and says what to do", async () => {
    const response = await post(JSON.stringify({ code }));
    await expectProblem(response.clone(), 503, "EngineUnavailable");
    expect(await response.text()).toContain("isolated");
  });

  it("answers 503 with Retry-After when the host is busy", async () => {
    await until(() => engine.status().warm > 0);
    const caller = new AbortController();
    const hogs = [1, 2, 3].map(() => app.request(hogOf(caller.signal)));
    await until(() => engine.status().leased === CONTRACT_POOL.max);
    const response = await post(JSON.stringify({ code, sandbox, queueTimeout: 50 }));
    expect(response.headers.get("retry-after")).toBe("1");
    await expectProblem(response, 503, "HostBusy");
    caller.abort();
    await Promise.all(hogs);
    await until(() => engine.status().leased === 0);
  });

  it("ends the execution when its caller disconnects", async () => {
    const caller = new AbortController();
    await until(() => engine.status().warm > 0);
    const response = app.request(hogOf(caller.signal));
    await until(() => engine.status().leased === 1);
    caller.abort();
    expect((await response).status).toBe(499);
    await until(() => engine.status().leased === 0);
  });

  it("hides what goes wrong on our side behind a request id", async () => {
    const broken = new RecordingEngine("container", () => {
      throw new Error("/srv/secret/path is full");
    });
    const bad = new Kernel({ config: config(), engines: [broken] });
    const told: string[] = [];
    const onError = (error: unknown, requestId: string): void => {
      told.push(`${requestId} ${(error as Error).message}`);
    };
    const faulty = buildApp({ services: storelessServices(bad), maxBody: MAX_BODY, onError });
    const init = { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ code }) };
    const response = await faulty.request("/execute", init);
    const body = await response.clone().text();
    await expectProblem(response, 500, "InternalError");
    expect(body).not.toContain("secret");
    expect(told).toHaveLength(1);
    expect(body).toContain(told[0]?.split(" ")[0]);
    const ready = await faulty.request("/readyz");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reason: "No sandbox is warm yet" });
  });
});

describe("the Host of a request", () => {
  const hosts = ["proxy.example"];
  const guarded = (host: string) =>
    buildApp({
      services: storelessServices(kernel),
      maxBody: MAX_BODY,
      onError: () => {},
      hosts,
    }).request("/healthz", {
      headers: { host },
    });

  it.each(["localhost:8787", "127.0.0.1:1", "[::1]:8787", "LOCALHOST", "Proxy.Example:80"])(
    "may be %s",
    async (host) => {
      expect((await guarded(host)).status).toBe(200);
    },
  );

  it.each(["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8787", "10.0.0.1"])(
    "may not be %s, which a web page could have pointed here",
    async (host) => {
      await expectProblem(await guarded(host), 403, "ForbiddenHost");
    },
  );
});

describe("the other routes", () => {
  it("tell that the process lives, and when it is ready", async () => {
    expect(await (await app.request("/healthz")).json()).toEqual({ status: "ok" });
    await until(() => engine.status().warm > 0);
    const ready = await app.request("/readyz");
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: "ready", level: "isolated" });
  });

  it("answer 404 and 405 in the same shape", async () => {
    await expectProblem(await app.request("/nothing"), 404, "NotFound");
    await expectProblem(await app.request("/execute"), 405, "MethodNotAllowed");
    await expectProblem(
      await app.request("/healthz", { method: "DELETE" }),
      405,
      "MethodNotAllowed",
    );
  });

  it("report nothing to the operator but refusals they can act on", () => {
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toBeInstanceOf(IsolateError);
  });

  it("refuse and report unready while shutting down", async () => {
    await kernel.close();
    await expectProblem(await post(JSON.stringify({ code, sandbox })), 503, "ShuttingDown");
    const ready = await app.request("/readyz");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reason: "The server is shutting down" });
  });
});
