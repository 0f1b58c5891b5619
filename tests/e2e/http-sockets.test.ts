/** Tests WebSockets of HTTP functions, from a client to code in its sandbox and back. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "../contract/engine-contract.ts";
import { bundled } from "../helpers/http-apps.ts";
import { HttpFunctions } from "../helpers/http-functions.ts";
import { rawExchange } from "../helpers/raw-exchange.ts";
import { TestServer } from "../helpers/server.ts";

const MOST = 3_000_000;
let server: TestServer;
let functions: HttpFunctions;
const clients: WebSocket[] = [];
beforeAll(async () => {
  server = await TestServer.start({ ISOLATE_HTTP_BYTES: `${MOST}` });
  functions = new HttpFunctions(server);
  await functions.deploy("sockets", CODE);
});
afterAll(async () => {
  for (const client of clients) client.terminate();
  expect(await server.dispose()).toEqual([]);
});

/** Code with a behaviour for each path, so that few sandboxes serve all tests. */
const CODE = `
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const ways = {
  echo(socket) {
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
  },
  blob(socket) {
    socket.addEventListener("message", async ({ data }) => {
      socket.send(new Blob([data, "!"]));
      socket.send(new Uint8Array([1, 2, 3]).subarray(1));
      socket.send(new DataView(new ArrayBuffer(2), 1));
      socket.send("last");
    });
  },
  tell(socket) {
    const seen = [socket.readyState, socket instanceof WebSocket, socket instanceof EventTarget, socket.protocol];
    try { socket.send("early") } catch (error) { seen.push(error.name) }
    for (const args of [[1001], [1005], [3000, "x".repeat(124)]]) {
      try { socket.close(...args) } catch (error) { seen.push(error.name) }
    }
    socket.onopen = function (event) {
      socket.send(JSON.stringify([...seen, socket.readyState, event.type, this === socket, socket.bufferedAmount]));
    };
  },
  closes(socket) {
    socket.onopen = () => { socket.send("a"); socket.close(4001, "Grüße"); socket.send("never"); };
    socket.onclose = ({ code, reason, wasClean }) => console.log("closed", code, reason, wasClean, socket.readyState);
  },
  ends(socket) {
    socket.onerror = () => console.log("error");
    socket.onclose = ({ code, reason, wasClean }) => console.log("closed", code, reason, wasClean, socket.readyState);
  },
  stays(socket) { socket.onclose = () => wait(60_000).then(() => {}); setInterval(() => {}, 1000); },
  spins(socket) { socket.onmessage = () => { for (;;); }; },
  throws(socket) { socket.onmessage = () => { throw new RangeError("secret"); }; },
  floods(socket) {
    socket.onopen = () => { for (let n = 0; n < 40; n += 1) socket.send("x".repeat(100_000)); };
  },
  pushes(socket) {
    socket.onopen = () => { for (let n = 0; n < 2_000; n += 1) socket.send(String(n)); socket.close(1000); };
  },
  counts(socket) {
    let count = 0, bytes = 0;
    socket.onmessage = ({ data }) => {
      if (data === "count") socket.send(count + " " + bytes);
      else { count += 1; bytes += data.size ?? data.length; }
    };
  },
};
export default (request) => {
  const { pathname, searchParams } = new URL(request.url);
  const way = pathname.slice(1);
  if (way === "plain") return new Response("plain", { status: 203 });
  if (way === "refuses") return new Response("no", { status: 403 });
  const { socket, response } = Deno.upgradeWebSocket(request, searchParams.has("p") ? { protocol: searchParams.get("p") } : {});
  if (way === "forgets") return new Response("forgotten");
  ways[way](socket);
  response.headers.set("x-mine", "1");
  response.headers.append("set-cookie", "a=1");
  return response;
};`;

interface Opened {
  readonly client: WebSocket;
  readonly headers: Record<string, unknown>;
  readonly got: (string | Buffer)[];
  readonly closed: Promise<readonly [code: number, reason: string]>;
}

async function open(
  path: string,
  { name = "sockets", protocols = [] as string[] } = {},
): Promise<Opened> {
  const url = `${server.url.replace("http", "ws")}/f/default/${name}/${path}`;
  const client = new WebSocket(url, protocols);
  clients.push(client);
  const got: (string | Buffer)[] = [];
  client.on("message", (data: Buffer, isBinary) => got.push(isBinary ? data : data.toString()));
  const closed = once(client, "close").then(([code, reason]) => [code, String(reason)] as const);
  let headers: Record<string, unknown> = {};
  client.on("upgrade", (response) => {
    headers = response.headers;
  });
  await once(client, "open");
  return { client, headers, got, closed };
}

async function executionOf({ headers }: Pick<Opened, "headers">): Promise<Record<string, unknown>> {
  let found: Record<string, unknown> = {};
  await until(async () => {
    const asked = await fetch(`${server.url}/executions/${headers["x-execution-id"]}`);
    found = (await asked.json()) as Record<string, unknown>;
    return asked.status === 200;
  });
  return found;
}

describe("a WebSocket", () => {
  it("carries texts and bytes of all sizes both ways, in order", async () => {
    const opened = await open("echo");
    const { client, got, headers } = opened;
    expect(headers).toMatchObject({ "x-mine": "1", "x-request-id": expect.any(String) });
    expect(headers["set-cookie"]).toEqual(["a=1; Path=/f/default/sockets"]);
    expect(headers).not.toHaveProperty("sec-websocket-extensions");
    const sent = [
      "Grüße",
      "",
      Buffer.alloc(0),
      Buffer.from([0, 255]),
      "y".repeat(65_536),
      Buffer.alloc(300_000, 7),
      "z".repeat(900_000),
      "end",
    ];
    for (const data of sent) client.send(data);
    await until(() => got.length === sent.length);
    const sizes = (list: (string | Buffer)[]): number[] => list.map((data) => data.length);
    expect(sizes(got)).toEqual(sizes(sent));
    for (const [n, data] of got.entries()) {
      expect([n, Buffer.from(data).equals(Buffer.from(sent[n] ?? "?"))]).toEqual([n, true]);
    }
    expect(got.map((data) => typeof data)).toEqual(sent.map((data) => typeof data));
    client.close(4321, "bye");
    expect(await opened.closed).toEqual([4321, "bye"]);
    const execution = await executionOf(opened);
    expect(execution).toMatchObject({ outcome: "ok", via: "http" });
    const bytes = sent.reduce((sum, data) => sum + Buffer.byteLength(data), 0);
    expect((execution.usage as Record<string, number>).bytesOut).toBe(bytes);
  });

  it("sends blobs and views in the order of the calls", async () => {
    const { client, got } = await open("blob");
    client.send("blob");
    await until(() => got.length === 4);
    expect(got).toEqual([Buffer.from("blob!"), Buffer.from([2, 3]), Buffer.from([0]), "last"]);
    client.close();
  });

  it("is like that of the runtime", async () => {
    const { got, client } = await open("tell?p=two", { protocols: ["one", "two"] });
    expect(client.protocol).toBe("two");
    await until(() => got.length === 1);
    const errors = ["InvalidStateError", "InvalidAccessError", "InvalidAccessError", "SyntaxError"];
    expect(JSON.parse(got[0] as string)).toEqual([
      0,
      true,
      true,
      "two",
      ...errors,
      1,
      "open",
      true,
      0,
    ]);
  });

  it("is closed by code with a code and a reason, after what was sent", async () => {
    const { got, closed } = await open("closes");
    expect(await closed).toEqual([4001, "Grüße"]);
    expect(got).toEqual(["a"]);
  });

  it("delivers many messages before its end", async () => {
    const { got, closed } = await open("pushes");
    expect((await closed)[0]).toBe(1000);
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, n) => `${n}`));
  });

  it("has many clients' messages wait for code", async () => {
    const { client, got } = await open("counts");
    for (let n = 0; n < 3_000; n += 1) client.send("abc");
    client.send(Buffer.alloc(500_000));
    client.send("count");
    await until(() => got.length === 1);
    expect(got).toEqual(["3001 509000"]);
  });

  it("ends its execution when the client has gone, whether code ends or not", async () => {
    const gone = await open("ends");
    gone.client.terminate();
    expect((await executionOf(gone)).outcome).toBe("ok");
    const spinning = await open("spins");
    spinning.client.send("x");
    await new Promise((done) => setTimeout(done, 100));
    spinning.client.terminate();
    expect((await executionOf(spinning)).outcome).toBe("aborted");
  });

  it("is closed when code fails, which the record has", async () => {
    const opened = await open("throws");
    opened.client.send("x");
    expect(await opened.closed).toEqual([1011, ""]);
    expect((await executionOf(opened)).outcome).toBe("exception");
  });

  it("is closed when the time of its execution is up", async () => {
    await functions.deploy("brief", CODE, { timeout: 1_500 });
    const opened = await open("stays", { name: "brief" });
    expect(await opened.closed).toEqual([1001, "Execution timeout"]);
    expect((await executionOf(opened)).outcome).toBe("timeout");
  });

  it("is bounded in bytes, both ways", async () => {
    const flooded = await open("floods");
    expect((await flooded.closed)[0]).toBe(1011);
    expect((await executionOf(flooded)).outcome).toBe("output_limit");
    expect(flooded.got.join("").length).toBeLessThanOrEqual(MOST);
    const sending = await open("counts");
    for (let n = 0; n < 4; n += 1) sending.client.send(Buffer.alloc(900_000));
    expect((await sending.closed)[0]).toBe(1008);
    const large = await open("counts");
    large.client.send(Buffer.alloc(1_100_000));
    expect((await large.closed)[0]).toBe(1009);
    expect((await executionOf(large)).outcome).toBe("ok");
  });

  it("is an app of hono's, unchanged", async () => {
    const source = `import { Hono } from "hono"; import { upgradeWebSocket } from "hono/deno";
      const app = new Hono();
      app.get("/ws", upgradeWebSocket(() => ({
        onMessage(event, ws) { ws.send("got " + event.data); if (event.data === "end") ws.close(1000, "done"); },
      })));
      export default app;`;
    await functions.deploy("hono", await bundled(source));
    const { client, got, closed } = await open("ws", { name: "hono" });
    client.send("a");
    client.send("end");
    expect(await closed).toEqual([1000, "done"]);
    expect(got).toEqual(["got a", "got end"]);
  });

  it("works from a container", async () => {
    await functions.deploy("contained", CODE, { sandbox: "container" });
    const opened = await open("echo", { name: "contained" });
    opened.client.send("in");
    opened.client.send(Buffer.alloc(200_000, 1));
    await until(() => opened.got.length === 2);
    opened.client.close(1000);
    expect(await opened.closed).toEqual([1000, ""]);
    expect(await executionOf(opened)).toMatchObject({ outcome: "ok", level: "container" });
  });
});

describe("an upgrade", () => {
  const HANDSHAKE =
    "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  const raw = (path: string, head: string, method = "GET") =>
    rawExchange(server.url, `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${head}\r\n`);
  const at = (path: string): string => `/f/default/sockets/${path}`;

  it("that is none, or not whole, says what is missing", async () => {
    for (const head of [
      `${HANDSHAKE}Connection: close\r\n`,
      `${HANDSHAKE.replace("13", "7")}Connection: Upgrade\r\n`,
      `${HANDSHAKE.replace("dGhl", "d")}Connection: Upgrade\r\n`,
    ]) {
      const { status, rest } = await raw(at("echo"), head);
      expect([status, rest]).toEqual([502, expect.stringMatching(/is no upgrade to a WebSocket/)]);
    }
  });

  it("may be answered by code with something else", async () => {
    const upgrade = `${HANDSHAKE}Connection: Upgrade\r\n`;
    const refused = await raw(at("refuses"), upgrade);
    expect([refused.status, refused.rest]).toEqual([403, expect.stringContaining("no")]);
    expect((await raw(at("forgets"), upgrade)).rest).toMatch(/return the response of/);
    expect((await raw(at("echo?p=x"), upgrade)).rest).toMatch(/has not asked for the protocol 'x'/);
  });

  it("is refused as any request is, where there is no function or no right", async () => {
    const upgrade = `${HANDSHAKE}Connection: Upgrade\r\n`;
    const answers = await Promise.all([
      raw("/f/default/nobody/", upgrade),
      raw("/healthz", upgrade),
      raw(at("echo"), `${upgrade}Origin: https://evil.example\r\n`),
      raw(at("echo"), `${upgrade}Content-Length: 5\r\n`),
      raw(at("echo"), upgrade.replace("GET", "POST"), "POST"),
      raw(
        at("plain"),
        "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
      ),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 200, 403, 501, 502, 203]);
    expect(answers[0]?.rest).toMatch(/FUNCTION_NOT_FOUND/);
    expect(answers[2]?.rest).toMatch(/CROSS_SITE/);
  });

  it("does no harm behind another request of its connection, or with odd protocols", async () => {
    const upgrade = `${HANDSHAKE}Connection: Upgrade\r\n`;
    const first = `GET ${at("plain")} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const both = await rawExchange(
      server.url,
      `${first}GET ${at("echo")} HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`,
    );
    expect([both.status, both.rest.includes("101")]).toEqual([203, false]);
    await functions.deploy("odd", CODE);
    const odd = await raw("/f/default/odd/ends", `${upgrade}Sec-WebSocket-Protocol: a,,b"\r\n`);
    expect(odd.status).toBe(400);
    await until(async () => {
      const found = await fetch(`${server.url}/executions?function=odd`);
      return ((await found.json()) as { executions: unknown[] }).executions.length === 1;
    });
  });

  it("takes no flood of bytes before it is accepted", async () => {
    await functions.deploy("slow", "export default () => new Promise(() => {})");
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(
      `GET /f/default/slow/ HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE}Connection: Upgrade\r\n\r\n`,
    );
    socket.write(Buffer.alloc(200_000));
    await new Promise((done) => socket.once("close", done));
  });
});

it("all WebSockets are closed when the server stops", async () => {
  const opened = await open("echo");
  const stopped = server.stop();
  expect((await opened.closed)[0]).toBe(1001);
  expect(await stopped).toBe(0);
});
