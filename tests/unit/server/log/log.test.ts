import { describe, expect, it } from "vitest";
import { requestLog } from "../../../../server/log/answered.ts";
import { createLogger, failureLog, type LogOptions } from "../../../../server/log/logger.ts";
import { EngineUnavailable, PluginError } from "../../../../src/base/errors.ts";
import { recordingApp } from "../../../helpers/app.ts";

const KEY = `isolate_0123456789abcdef_${"x".repeat(43)}`;

function recorder(options: LogOptions = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ format: "json", ...options, destination });
  const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, entries };
}

describe("the log", () => {
  it("is a JSON object a line, with a time, a level and a message", () => {
    const { logger, entries } = recorder();
    logger.warn({ tenant: "a" }, "Something");
    expect(entries()).toEqual([
      { level: "warn", time: expect.stringMatching(/^\d{4}-.*Z$/), tenant: "a", msg: "Something" },
    ]);
  });

  it("leaves out what is below its level", () => {
    const { logger, entries } = recorder({ level: "warn" });
    logger.info("a");
    logger.error("b");
    expect(entries()).toMatchObject([{ msg: "b" }]);
  });

  it.each([
    ["a tenant's key", `The key ${KEY} is bad`, "x".repeat(43)],
    ["a header", "Authorization: Bearer abc.def-123", "abc.def-123"],
    ["a header in quotes", 'It sent "Bearer abc.def-123"', "abc.def-123"],
    ["a URL's password", "connect postgres://app:s3cr:et@db.example/x", "s3cr:et"],
    ["a password with an at sign", "http://a:p@ss@db.example/x", "p@ss"],
    ["a secret it knows", 'Something said q"Zk7w\\ted', "Zk7w"],
  ])("does not hold %s", (_what, text, secret) => {
    const { logger, lines, entries } = recorder({ secrets: ['q"Zk7w\\ted'] });
    logger.info(text);
    logger.info({ url: text }, "As a field");
    logger.error({ err: new Error(text, { cause: new Error(text) }) }, "As an error");
    expect(entries()).toHaveLength(3);
    for (const line of lines) expect(line).not.toContain(secret);
    expect(lines[0]).toContain("***");
  });

  it("tells which key it was", () => {
    const { logger, lines } = recorder();
    logger.info(KEY);
    expect(lines[0]).toContain("isolate_0123456789abcdef_***");
  });

  it("holds neither code nor input, whoever logs them", () => {
    const { logger, lines } = recorder();
    const request = { code: "export default () => 'mine'", input: "mine" };
    logger.info({ ...request, request, body: "mine", env: { A: "mine" }, key: "mine" }, "All");
    expect(lines[0]).not.toContain("mine");
  });

  it("has of an error its stack and its causes, and nothing else of it", () => {
    const { logger, entries } = recorder();
    const cause = Object.assign(new TypeError("in setup"), { query: "select 'mine'" });
    failureLog(logger)(new PluginError("guard", cause), "id-1");
    const [entry] = entries();
    expect(entry).toMatchObject({
      level: "error",
      requestId: "id-1",
      err: {
        name: "PluginError",
        code: "PLUGIN_FAILED",
        stack: expect.stringContaining("log.test.ts"),
        cause: { name: "TypeError", message: "in setup" },
      },
    });
    expect(JSON.stringify(entry)).not.toContain("mine");
  });

  it("warns of what is expected to happen, without a stack", () => {
    const { logger, entries } = recorder();
    failureLog(logger)(new EngineUnavailable("The engine is away"), "id-1");
    const [entry] = entries();
    expect(entry).toMatchObject({ level: "warn", requestId: "id-1" });
    expect(entry).not.toHaveProperty("err");
  });

  it("is text for people if it is asked for", () => {
    const { logger, lines } = recorder({ format: "pretty" });
    logger.info({ tenant: "a" }, `With ${KEY}`);
    expect(() => JSON.parse(lines[0] ?? "")).toThrow();
    expect(lines[0]).toContain("With isolate_0123456789abcdef_***");
  });
});

describe("a request's line", () => {
  it("has its id, whose it is, its route, its status and how long it took", async () => {
    const { logger, entries } = recorder();
    const { app } = recordingApp({}, [], requestLog(logger));
    const secret = "not-for-the-log";
    const response = await app.request(`/execute?token=${secret}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
      body: JSON.stringify({ code: `"${secret}"`, input: secret }),
    });
    await app.request(`/nowhere/${secret}`);
    await app.request("/healthz");
    const [execute, nowhere, ...rest] = entries();
    expect(rest).toEqual([]);
    expect(execute).toEqual({
      level: "info",
      time: expect.any(String),
      requestId: response.headers.get("X-Request-Id"),
      tenant: "default",
      method: "POST",
      route: "/execute",
      status: 200,
      execution: expect.stringMatching(/^[0-9a-f-]{36}$/),
      outcome: "ok",
      ms: expect.any(Number),
      msg: "request",
    });
    expect(nowhere).toMatchObject({ method: "GET", status: 404, code: "NOT_FOUND" });
    expect(nowhere).not.toHaveProperty("route");
    expect(JSON.stringify([execute, nowhere])).not.toContain(secret);
  });

  it("has its execution, the outcome and the code of its error, as far as there are any", async () => {
    const { logger, entries } = recorder();
    const { app } = recordingApp({}, [], requestLog(logger));
    const post = async (path: string, body: object, headers = {}) => {
      const response = await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      return { headers: response.headers, body: await response.json() };
    };
    const code = "export default () => 1";
    const run = await post("/execute", { code });
    await post("/execute", { code, tools: ["nope"] });
    await post("/execute", { nope: 1 });
    await post("/execute/batch", { requests: [{ code }, { code }] });
    const [ok, refused, invalid, batch] = entries();
    expect(ok).toMatchObject({ execution: run.body.id, outcome: "ok" });
    expect(ok).not.toHaveProperty("code");
    expect(refused).toMatchObject({ status: 400, code: "BAD_REQUEST", outcome: "refused" });
    expect(invalid).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    expect(batch).toMatchObject({ status: 200, executions: 2 });
    for (const field of ["execution", "outcome"]) expect(batch).not.toHaveProperty(field);
  });
});
