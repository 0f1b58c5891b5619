/** Tests calls of code to functions of its caller, over MCP and at endpoints, in containers. */
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";

const ADMIN_KEY = "operator-".repeat(4);
const FUNCTIONS = { add: {}, fail: {}, nothing: {} };
/** Code that catches what a call is answered with. */
const TRYING =
  "export default async ({ name, argument }) => { try { return await tools[name](argument) } catch (error) { return error.name + ': ' + error.message } }";

interface Asked {
  readonly body: { type: string; data: { execution: string; name: string; args: never } };
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}
type Answer = (asked: Asked, response: ServerResponse) => void;

const json = (response: ServerResponse, value: unknown) => response.end(JSON.stringify(value));
/** Answers of the endpoint's functions. */
const ANSWERS: Record<string, Answer> = {
  add: ({ body }, response) => {
    const { a, b } = body.data.args as { a: number; b: number };
    json(response, { result: a + b });
  },
  echo: ({ body }, response) => json(response, { result: body.data.args }),
  fail: (_asked, response) => json(response, { error: { name: "NoOrder", message: "gone" } }),
  nothing: (_asked, response) => response.writeHead(204).end(),
  redirect: (_asked, response) => response.writeHead(302, { location: "/elsewhere" }).end(),
  broken: (_asked, response) => response.writeHead(500).end("secrets of a stack"),
  wrong: (_asked, response) => json(response, { result: 1, error: { message: "both" } }),
  text: (_asked, response) => response.end("received"),
  cut: (_asked, response) => response.socket?.destroy(),
  huge: (_asked, response) => {
    const chunk = "x".repeat(1_000_000);
    const write = (left: number): void => {
      if (left > 0 && !response.destroyed) response.write(chunk, () => write(left - 1));
    };
    response.write('{"result":"');
    write(100);
  },
  drop: (_asked, response) => {
    const timer = setInterval(() => response.write(" "), 20);
    response.once("close", () => clearInterval(timer));
  },
};
const asked: Asked[] = [];
let open = 0;
const endpoint = createServer(async (request, response) => {
  open += 1;
  response.once("close", () => {
    open -= 1;
  });
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  const one = { body: JSON.parse(text), headers: request.headers, text };
  asked.push(one);
  ANSWERS[one.body.data.name]?.(one, response);
});

let server: TestServer;
let url: string;
let key: string;
let client: Client;
const logged: unknown[] = [];

async function ask(method: string, path: string, body?: object, more: object = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...more },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}

async function tenant(id: string): Promise<string> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  await ask("PUT", `/admin/tenants/${id}`, {}, headers);
  return (await ask("POST", `/admin/tenants/${id}/keys`, {}, headers)).json().key;
}

async function connected(bearer: string): Promise<Client> {
  const made = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${bearer}` } };
  const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
    requestInit,
  });
  await made.connect(transport as Parameters<Client["connect"]>[0]);
  return made;
}

interface Result {
  readonly isError?: boolean;
  readonly content: { readonly text: string }[];
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
  readonly structuredContent?: any;
}

async function call(name: string, args: object, by = client): Promise<Result> {
  return (await by.callTool({ name, arguments: args as Record<string, unknown> })) as Result;
}

/** Answers all calls that a result tells of. */
function answered({ structuredContent }: Result, answer: (args: never) => object): Promise<Result> {
  const { execution, calls } = structuredContent;
  const answers = calls.map(({ id, args }: { id: string; args: never }) => ({
    call: id,
    ...answer(args),
  }));
  return call("continue", { execution, answers });
}

beforeAll(async () => {
  await new Promise<void>((go) => endpoint.listen(0, "127.0.0.1", go));
  const host = `127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  url = `http://${host}/functions`;
  server = await TestServer.start({
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_SECRET_KEY: "5e".repeat(32),
    ISOLATE_EGRESS_PRIVATE: host,
    ISOLATE_POOL_MAX: "6",
  });
  key = await tenant("acme");
  client = await connected(key);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(params.data);
  });
});
afterAll(async () => {
  await client.close();
  endpoint.closeAllConnections();
  endpoint.close();
  expect(await server.dispose()).toEqual([]);
});

describe("functions at an endpoint", () => {
  const request = { functions: FUNCTIONS, timeout: 20_000 };
  const adding = `${TRYING};`;
  const input = { name: "add", argument: { a: 20, b: 22 } };

  it("answer code that runs at once, as events, later, in a batch and over MCP", async () => {
    const whole = { ...request, code: adding, input, functionsEndpoint: url };
    expect((await ask("POST", "/execute", whole)).json()).toMatchObject({ result: 42 });
    const events = await ask("POST", "/execute", whole, { accept: "text/event-stream" });
    expect(events.text).toMatch(/^event: result\ndata: .*"result":42/);
    const once = { "idempotency-key": "one" };
    expect((await ask("POST", "/execute", whole, once)).json()).toMatchObject({ result: 42 });
    const batch = await ask("POST", "/execute/batch", { requests: [whole, whole] });
    expect(batch.text.match(/"result":42/g)).toHaveLength(2);
    const later = await ask("POST", "/execute", whole, { prefer: "respond-async" });
    expect(later.status).toBe(202);
    await until(async () => (await ask("GET", `/jobs/${later.json().id}`)).text.includes(":42"));
    expect((await call("execute", whole)).structuredContent).toMatchObject({ result: 42 });
    expect(asked).toHaveLength(7);
  });

  it("answer code of deployed functions, also of those that answer requests", async () => {
    const deployment = { ...request, code: adding, functionsEndpoint: url };
    const deployed = await ask("PUT", "/functions/adds", { ...deployment, schema: OBJECT });
    expect(deployed.json()).toMatchObject({ request: { reuse: "never", functionsEndpoint: url } });
    const invoked = await ask("POST", "/functions/adds/invoke", { input });
    expect(invoked.json()).toMatchObject({ result: 42 });
    expect((await call("adds", input)).structuredContent).toMatchObject({ result: 42 });
    const code = "export default async () => new Response(await tools.add({ a: 1, b: 2 }))";
    await ask("PUT", "/functions/serves", { ...deployment, code, kind: "http", public: true });
    expect((await ask("GET", "/f/acme/serves")).text).toBe("3");
    expect(asked).toHaveLength(10);
  });

  it("get what is signed as callbacks are, and know the execution", async () => {
    const { secret } = (await ask("GET", "/tenant/callback-secret")).json();
    const bytes = Buffer.from(secret.slice("whsec_".length), "base64");
    const ids = asked.map(({ headers, text, body }) => {
      const { "webhook-id": id, "webhook-timestamp": at } = headers;
      const mac = createHmac("sha256", bytes).update(`${id}.${at}.${text}`).digest("base64");
      expect(headers["webhook-signature"]).toBe(`v1,${mac}`);
      expect(body).toMatchObject({ type: "function.called", data: { name: "add" } });
      return id;
    });
    expect(new Set(ids).size).toBe(ids.length);
    const { execution } = asked[0]?.body.data ?? {};
    expect((await ask("GET", `/executions/${execution}`)).json()).toMatchObject({ outcome: "ok" });
  });

  it("tell the code of errors, and of endpoints that answer badly", async () => {
    const names = ["fail", "nothing", "redirect", "broken", "wrong", "text", "cut", "huge"];
    const functions = Object.fromEntries(names.map((name) => [name, {}]));
    const code = `const trying = ${TRYING.replace("export default ", "")};
      export default () => Promise.all(${JSON.stringify(names)}.map((name) => trying({ name })))`;
    const whole = { code, functions, functionsEndpoint: url, timeout: 25_000 };
    expect((await ask("POST", "/execute", whole)).json().result).toEqual([
      "NoOrder: gone",
      null,
      "Error: The endpoint of redirect answered with the status 302",
      "Error: The endpoint of broken answered with the status 500",
      "Error: The endpoint of wrong answered with something else than a result or an error as JSON",
      "Error: The endpoint of text answered with something else than a result or an error as JSON",
      "Error: The endpoint of cut did not answer in time, or cannot be reached",
      "Error: The endpoint of huge answered with more than 1048576 bytes",
    ]);
    await until(() => open === 0);
  });

  it("are asked no more once the execution is over, however slowly they answer", async () => {
    const whole = { code: TRYING, input: { name: "drop" }, functionsEndpoint: url };
    const slow = await ask("POST", "/execute", { ...whole, functions: { drop: {} }, timeout: 500 });
    expect(slow.json()).toMatchObject({ ok: false, outcome: "timeout" });
    await until(() => open === 0);
  });

  it("are called side by side, and get large arguments whole", async () => {
    const code = `export default async () => {
      const large = await tools.echo({ b: 1, a: ["é\\n".repeat(200_000)] });
      const all = await Promise.all(Array.from({ length: 100 }, (_, n) => tools.echo(n)));
      return [large.a[0].length, all.every((value, n) => value === n)];
    }`;
    const before = asked.length;
    const whole = { code, functions: { echo: {} }, functionsEndpoint: url, timeout: 100_000 };
    expect((await ask("POST", "/execute", whole)).json().result).toEqual([400_000, true]);
    expect(asked.length - before).toBe(101);
  });

  it.each([
    [{ functionsEndpoint: "http://example.com/" }, /^functionsEndpoint: Use https/],
    [{ functionsEndpoint: "nowhere" }, /^functionsEndpoint: Not a URL/],
    [{ functionsEndpoint: "https://a:b@example.com/" }, /^functionsEndpoint: Holds a user name/],
    [{ functionsEndpoint: "https://example.com/", functions: undefined }, /: Only with functions/],
    [{ functionsEndpoint: "https://example.com/", reuse: "code" }, /^reuse: /],
    [{}, /^functions: /],
  ])("are refused: %j", async (more, message) => {
    const code = TRYING;
    const refused = await ask("POST", "/execute", { code, functions: FUNCTIONS, ...more });
    expect([refused.status, refused.json().error.message]).toEqual([
      ...[400, expect.stringMatching(message)],
    ]);
  });

  it("are not reached at private addresses, and never followed there", async () => {
    const functionsEndpoint = `https://127.0.0.1:${new URL(server.url).port}/`;
    const whole = { ...request, code: TRYING, input, functionsEndpoint };
    expect((await ask("POST", "/execute", whole)).json().result).toBe(
      "Error: The endpoint of add did not answer in time, or cannot be reached",
    );
  });

  it("are needed by a function that answers requests, and by others without a reader", async () => {
    const serving = { code: TRYING, functions: FUNCTIONS, kind: "http" };
    const refused = await ask("PUT", "/functions/bad", serving);
    expect(refused.json().error).toMatchObject({ field: "functions" });
    const { status } = await ask("PUT", "/functions/asks", { code: TRYING, functions: FUNCTIONS });
    expect(status).toBe(201);
    const plain = await ask("POST", "/functions/asks/invoke", { input });
    expect(plain.json().error).toMatchObject({ code: "BAD_REQUEST", field: "functions" });
    const events = { accept: "text/event-stream" };
    const streamed = fetch(`${server.url}/functions/asks/invoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...events },
      body: JSON.stringify({ input }),
    });
    let text = "";
    for await (const chunk of (await streamed).body as ReadableStream<Uint8Array>) {
      text += new TextDecoder().decode(chunk);
      const [, execution] = /"id":"([^"]*)","dts"/.exec(text) ?? [];
      const [, id] = /"id":"([^"]*)","name"/.exec(text) ?? [];
      if (id === undefined || text.includes("event: result")) continue;
      await ask("POST", `/executions/${execution}/calls/${id}`, { result: "by its reader" });
    }
    expect(text).toContain('"result":"by its reader"');
  });
});

const OBJECT = { type: "object" };

describe("functions of a client of MCP", () => {
  const functions = { price: { description: "Price of an item", schema: { type: "string" } } };
  const code = `export default async (items) => {
    console.log("begun");
    const prices = await Promise.all(items.map((item) => tools.price(item)));
    console.log("between");
    return prices.concat(await tools.price("last")).reduce((sum, price) => sum + price);
  }`;

  it("are answered by the next call of a tool, which tells of further calls and the result", async () => {
    logged.length = 0;
    const first = await call("execute", { code, functions, input: ["tea", "cup"] });
    expect(first.isError).toBeUndefined();
    const { execution, calls } = first.structuredContent;
    expect(first.structuredContent).toMatchObject({
      ...{ execution: expect.any(String), status: "waiting" },
      // The second may come too late to be told with it.
      calls: { 0: { id: expect.any(String), name: "price", args: "tea" } },
    });
    expect(first.content[0]?.text).toContain('call the tool "continue"');
    expect(JSON.parse(first.content[1]?.text ?? "")).toEqual(first.structuredContent);
    const one = { execution, answers: [{ call: calls[0].id, result: 1 }] };
    const second = await call("continue", one);
    const [cup] = second.structuredContent.calls;
    expect(second.structuredContent.calls).toEqual([{ ...cup, args: "cup" }]);
    const again = await call("continue", one);
    expect(again.content[0]?.text).toContain(`Left out, because no such call waits`);
    expect(again.structuredContent.calls).toEqual([cup]);
    const third = await answered(second, () => ({ result: 2 }));
    expect(third.structuredContent.calls).toMatchObject([{ args: "last" }]);
    const last = await answered(third, () => ({ result: 4 }));
    expect(last.structuredContent).toMatchObject({ id: execution, ok: true, result: 7 });
    expect(logged).toMatchObject([{ message: "begun" }, { message: "between" }]);
    // A client that did not get the result asks once more.
    const more = await answered(third, () => ({ result: 5 }));
    expect(more.structuredContent).toEqual(last.structuredContent);
    expect((await ask("GET", `/executions/${execution}`)).json()).toMatchObject({
      ...{ via: "mcp", outcome: "ok" },
    });
  });

  it("are told of answers that are no answers, which leave the call open", async () => {
    const first = await call("execute", { code: TRYING, functions: FUNCTIONS, input: ADD });
    const { execution, calls } = first.structuredContent;
    const [{ id }] = calls;
    const stranger = await connected(await tenant("stranger"));
    const giving = (answer: object, by?: Client, of = execution) =>
      call("continue", { execution: of, answers: [answer] }, by);
    const refusals: [object, string, (Client | undefined)?, string?][] = [
      [{ call: id }, "BAD_REQUEST"],
      [{ call: id, result: 1, error: { message: "" } }, "BAD_REQUEST"],
      [{ call: id, error: "no" }, "BAD_REQUEST"],
      [{ call: "x", result: 1 }, "BAD_REQUEST"],
      [{ call: id, result: "x".repeat(1_100_000) }, "PAYLOAD_TOO_LARGE"],
      [{ call: id, result: 1 }, "CALL_NOT_FOUND", stranger],
      [{ call: id, result: 1 }, "CALL_NOT_FOUND", undefined, "none"],
      [{ call: `eA${id}`, result: 1 }, "CALL_NOT_FOUND"],
    ];
    for (const [answer, code, by, of] of refusals) {
      expect(await giving(answer, by, of)).toMatchObject({
        ...{ isError: true, structuredContent: { error: { code } } },
      });
    }
    await stranger.close();
    const failed = await giving({ call: id, error: { name: "NoPrice", message: "none" } });
    expect(failed.structuredContent.result).toBe("NoPrice: none");
  });

  it("may be late: the result of code that has ended meanwhile is kept", async () => {
    const ending = "export default async () => { tools.add(); await tools.nothing(); return 5; }";
    const first = await call("execute", { code: ending, functions: FUNCTIONS });
    const { execution, calls } = first.structuredContent;
    const second = calls[0].id.replace(/1$/, "2");
    const path = `/executions/${execution}/calls/${second}`;
    await until(async () => (await ask("POST", path, { result: null })).status === 204);
    await until(async () => (await ask("GET", `/executions/${execution}`)).status === 200);
    const late = await answered(first, () => ({ result: 1 }));
    expect(late.structuredContent).toMatchObject({ id: execution, outcome: "ok", result: 5 });
    expect(late.content[0]?.text).toContain("Left out");
  });

  it("may be those of a deployed function, with a key that may call it alone", async () => {
    const deployment = { name: "prices", code, functions, schema: OBJECT };
    const whole = { ...deployment, code: code.replace("(items)", "({ items })") };
    expect((await call("deploy", whole)).structuredContent).toMatchObject({ version: 1 });
    const keys = `/admin/tenants/acme/keys`;
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const narrowed = await ask("POST", keys, { scopes: ["invoke:prices"] }, headers);
    const narrow = await connected(narrowed.json().key);
    expect((await narrow.listTools()).tools.map(({ name }) => name)).toEqual([
      ...["continue", "prices"],
    ]);
    const own = await call("prices", { items: ["tea"] }, narrow);
    const { execution, calls } = own.structuredContent;
    const next = await call(
      "continue",
      { execution, answers: [{ call: calls[0].id, result: 2 }] },
      narrow,
    );
    const other = await call("execute", { code: TRYING, functions: FUNCTIONS, input: ADD });
    const theirs = {
      execution: other.structuredContent.execution,
      answers: [{ call: other.structuredContent.calls[0].id, result: 0 }],
    };
    expect(await call("continue", theirs, narrow)).toMatchObject({ isError: true });
    expect((await call("continue", theirs)).structuredContent).toMatchObject({ result: 0 });
    expect((await answered(next, () => ({ result: 1 }))).structuredContent.result).toBe(3);
    await narrow.close();
  });

  it("end with the connection of the call that waits for the code", async () => {
    const spinning =
      "export default async () => { await tools.add(); await new Promise(() => setTimeout(() => {}, 1e6)) }";
    const first = await call("execute", { code: spinning, functions: FUNCTIONS });
    const { execution, calls } = first.structuredContent;
    const cancel = new AbortController();
    const answers = [{ call: calls[0].id, result: 1 }];
    const going = client.callTool(
      { name: "continue", arguments: { execution, answers } },
      undefined,
      { signal: cancel.signal },
    );
    going.catch(() => {});
    const again = () => ask("POST", `/executions/${execution}/calls/${calls[0].id}`, { result: 1 });
    await until(async () => (await again()).status === 404);
    cancel.abort("enough");
    await expect(going).rejects.toThrow("enough");
    await until(async () =>
      (await ask("GET", `/executions/${execution}`)).text.includes("aborted"),
    );
  });
});

const ADD = { name: "add", argument: { a: 1, b: 2 } };
