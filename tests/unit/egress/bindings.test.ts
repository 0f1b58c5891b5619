import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { connect, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../helpers/certificates.ts";
import {
  Cleanup,
  Client,
  eventually,
  listenLocally,
  outcome,
  type StartedProxy,
  say,
  startProxy,
} from "../../helpers/egress.ts";

/** A bound host whose server shows what it received. The proxy runs in this process. */
const SECRET = "sk-live-0123456789abcdef";
const authority = new TestAuthority();
const cleanup = new Cleanup();
let proxy: StartedProxy;
let port: number;
let plainPort: number;
let path: string;
/** Raw heads that the bound host received. */
const received: string[] = [];

/** Answers with the request's raw head, so that nothing of it is hidden by a parser. */
function echoHeads(socket: Socket): void {
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (!text.includes("\r\n\r\n")) return;
    received.push(text);
    const key = /^authorization: (.*)$/im.exec(text)?.[1] ?? "none";
    socket.end(
      `HTTP/1.1 200 OK\r\nX-Echo: ${key}\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
  });
}

beforeAll(async () => {
  const server = createTlsServer(authority.identity("up.test"), echoHeads);
  port = await listenLocally(server);
  cleanup.add(() => server.close());
  const plain = createHttpServer((request, response) => {
    response.end(JSON.stringify(request.headers));
  });
  plainPort = await listenLocally(plain);
  cleanup.add(() => plain.close());
  const names = [`up.test:${port}`, `other.test:${port}`, `up.test:${plainPort}`];
  proxy = await startProxy(cleanup, {
    hosts: { "up.test": "127.0.0.1", "other.test": "127.0.0.1" },
    private: names,
    ca: authority.certificate,
  });
  path = await proxy.open(names, "run1", [
    binding({ host: `up.test:${port}`, paths: ["/v1/**"], methods: ["GET", "POST"] }),
    binding({ host: `up.test:${plainPort}`, scheme: "http" }),
  ]);
  await eventually(() => proxy.admin.authority !== "");
});
afterAll(() => cleanup.run());

function binding(changes: object): object {
  return {
    scheme: "https",
    header: "Authorization",
    format: "Bearer {}",
    secret: SECRET,
    ...changes,
  };
}

interface Asked {
  /** Socket of the run. */
  readonly via?: string;
  readonly target?: string;
  readonly servername?: string;
  readonly alpn?: string[];
}

/** Opens a tunnel, speaks TLS in it, and trusts only the proxy's own authority. */
async function tunnel({ via = path, target = `up.test:${port}`, ...tls }: Asked = {}) {
  const raw = connectPlain({ path: via }).on("error", () => {});
  raw.write(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
  const head = await new Promise<string>((resolve) => {
    raw.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1")));
  });
  if (!head.startsWith("HTTP/1.1 200")) return { refused: outcome(head), raw };
  const { servername = "up.test", alpn = ["http/1.1"] } = tls;
  const socket = connect({
    socket: raw,
    servername,
    ca: proxy.admin.authority,
    ALPNProtocols: alpn,
    checkServerIdentity: () => undefined,
  });
  const failure = await new Promise<string | undefined>((resolve) => {
    socket.once("secureConnect", () => resolve(undefined));
    socket.once("error", (error) => resolve(error.message));
    socket.once("close", () => resolve("closed"));
  });
  return failure === undefined ? { socket, raw } : { failure, raw };
}

async function ask(text: string, asked: Asked = {}): Promise<string> {
  const { socket, refused, failure } = await tunnel(asked);
  if (socket === undefined) return refused ?? `TLS: ${failure}`;
  socket.on("error", () => {});
  socket.write(Buffer.from(text, "latin1"));
  return await all(socket);
}

async function all(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}

const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);
const request = (line: string, ...fields: string[]) =>
  [line, `Host: up.test:${port}`, ...fields, "", ""].join("\r\n");

describe("a binding over TLS", () => {
  it("puts the header on a matching request, in place of the code's own ones", async () => {
    const own = ["authorization: placeholder", "AUTHORIZATION: two", "Connection: authorization"];
    const answer = await ask(request("GET /v1/a?b=c HTTP/1.1", ...own));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const seen = bodyOf(answer);
    expect(seen).toContain(`GET /v1/a?b=c HTTP/1.1\r\nhost: up.test:${port}\r\n`);
    expect(seen.match(/authorization/gi)).toHaveLength(1);
    expect(seen).toContain(`Authorization: Bearer ${SECRET}\r\n`);
  });
});
