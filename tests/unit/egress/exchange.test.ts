import { createHash, randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  Cleanup,
  Client,
  eventually,
  listenLocally,
  outcome,
  proxyTo,
  say,
  startUpstream,
} from "../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function urlOf(port: number, limits = {}) {
  const { name, ...started } = await proxyTo(cleanup, port, limits);
  return { ...started, url: `http://${name}` };
}

async function withHttp(listener: RequestListener) {
  const server = createServer(listener);
  const port = await listenLocally(server);
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return urlOf(port);
}

async function withRaw(serve: (socket: Socket) => void, limits = {}) {
  const upstream = await startUpstream(cleanup, serve);
  return { upstream, ...(await urlOf(upstream.port, limits)) };
}

const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);
const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Counts and hashes the bytes it receives. */
const digest: RequestListener = (request, response) => {
  const hash = createHash("sha256");
  request.on("data", (chunk) => hash.update(chunk));
  request.on("end", () => response.end(`${request.method} ${request.url} ${hash.digest("hex")}`));
};

describe("a request with an absolute URL", () => {
  it("gets the answer of the URL's host, and the connection ends", async () => {
    const { path, url } = await withHttp((request, response) => {
      response.setHeader("X-Host", String(request.headers.host));
      response.end(`got ${request.url}`);
    });
    const answer = await say(path, `GET ${url}/a?b=c HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain(`x-host: ${new URL(url).host}\r\n`);
    expect(answer).toContain("connection: close\r\n");
    expect(bodyOf(answer)).toBe("got /a?b=c");
  });

  it("sends a body of megabytes whole", async () => {
    const { path, url } = await withHttp(digest);
    const bytes = randomBytes(5_000_000);
    const client = new Client(path);
    client.write(`POST ${url}/ HTTP/1.1\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    client.write(bytes);
    await client.closed;
    expect(bodyOf(client.text)).toBe(`POST / ${sha(bytes)}`);
  });

  it("sends a chunked body as it is", async () => {
    const { path, url } = await withHttp(digest);
    const answer = await say(
      path,
      `PUT ${url}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    );
    expect(bodyOf(answer)).toBe(`PUT / ${sha(Buffer.from("abc0123456789"))}`);
  });

  it("gets a chunked answer while it is still being written", async () => {
    let finish = () => {};
    const { path, url } = await withHttp((_request, response) => {
      response.write("first");
      finish = () => response.end("last");
    });
    const client = new Client(path);
    client.write(`GET ${url}/ HTTP/1.1\r\n\r\n`);
    await client.until(/transfer-encoding: chunked\r\n[\s\S]*5\r\nfirst\r\n$/);
    finish();
    await client.closed;
    expect(client.text).toMatch(/4\r\nlast\r\n0\r\n\r\n$/);
  });

  it("that is HEAD gets a head and the length it has", async () => {
    const { path, url } = await withHttp((_request, response) => {
      response.setHeader("Content-Length", "1000");
      response.end();
    });
    const answer = await say(path, `HEAD ${url}/ HTTP/1.1\r\n\r\n`);
    expect(answer).toContain("content-length: 1000\r\n");
    expect(bodyOf(answer)).toBe("");
  });

  it("that waits for 100 Continue gets it from the host", async () => {
    const { path, url } = await withHttp(digest);
    const client = new Client(path);
    client.write(`POST ${url}/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.write("abc");
    await client.closed;
    expect(client.text).toContain("HTTP/1.1 200 OK");
    expect(client.text).toContain(sha(Buffer.from("abc")));
  });

  it("may be answered before its body is out", async () => {
    const { path, url, proxy } = await withRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 413 Too Large\r\n\r\nno"));
    });
    const client = new Client(path);
    client.write(`POST ${url}/ HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nabc`);
    await client.closed;
    expect(outcome(client.text)).toBe("HTTP/1.1 413 Too Large");
    expect(bodyOf(client.text)).toBe("2\r\nno\r\n0\r\n\r\n");
    await eventually(() => proxy.records.some(({ code }) => code === "DONE"));
  });

  it("is the only one on its connection: what follows never reaches the host", async () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const { upstream, path, url } = await withRaw((socket) => {
      socket.once("data", () => setTimeout(() => socket.end(answer), 50));
    });
    const second = `GET ${url}/second HTTP/1.1\r\n\r\n`;
    const bodies = ["", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"];
    const sent = ["", "abc", "3\r\nabc\r\n0\r\n\r\n"];
    for (const [index, header] of bodies.entries()) {
      const first = `POST ${url}/first HTTP/1.1\r\n${header}\r\n${sent[index]}`;
      expect(bodyOf(await say(path, first + second.repeat(20)))).toBe("ok");
    }
    expect(upstream.sockets).toHaveLength(3);
    expect(upstream.received().match(/first/g)).toHaveLength(3);
    expect(upstream.received()).not.toContain("second");
  });

  it.each([
    ["a chunk that lies", "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"],
    ["a trailer", "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n"],
  ])("with %s is refused, and the host cut off", async (_what, rest) => {
    const { upstream, path, url } = await withRaw(() => {});
    expect(outcome(await say(path, `POST ${url}/ HTTP/1.1\r\n${rest}`))).toBe("BAD_REQUEST");
    await eventually(() => upstream.sockets.every((socket) => socket.readableEnded));
  });

  it("that ends before its body is refused", async () => {
    const { path, url } = await withRaw(() => {});
    const client = new Client(path);
    client.socket.end(`POST ${url}/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc`);
    await client.closed;
    expect(outcome(client.text)).toBe("BAD_REQUEST");
  });

  it.each([
    ["nothing", ""],
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["bare line feeds", "HTTP/1.1 200 OK\nA: b\n\nbody"],
    ["half a head", "HTTP/1.1 200 OK\r\nA: b"],
    ["an endless head", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(100_000)}`],
    ["an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ])("whose host answers %s gets a 502", async (_what, answer) => {
    const { path, url } = await withRaw((socket) => socket.once("data", () => socket.end(answer)));
    const text = await say(path, `GET ${url}/ HTTP/1.1\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(outcome(text)).toBe("UPSTREAM_FAILED");
  });

  it("becomes a WebSocket where the host agrees", async () => {
    const { upstream, path, url } = await withRaw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n");
        socket.write("Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhello");
        socket.on("data", (chunk) => socket.write(chunk));
      });
    });
    const client = new Client(path);
    client.write(`GET ${url}/ws HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`);
    await client.until(/connection: Upgrade\r\nupgrade: websocket\r\n\r\nhello$/);
    client.write("\x81\x00");
    await client.until(/hello\x81\x00$/);
    expect(upstream.received()).toContain("connection: Upgrade\r\nupgrade: websocket\r\n");
    client.socket.destroy();
  });

  it("stays a request where the host does not agree to an upgrade", async () => {
    const { upstream, path, url } = await withRaw((socket) => {
      socket.once("data", () => setTimeout(() => socket.end("HTTP/1.1 400 No\r\n\r\n"), 50));
    });
    const ask = `GET ${url}/ws HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(outcome(await say(path, `${ask}GET /smuggled HTTP/1.1\r\n\r\n`))).toBe(
      "HTTP/1.1 400 No",
    );
    expect(upstream.received()).not.toContain("smuggled");
  });

  it("has each redirect decided anew", async () => {
    const { path, url } = await withHttp((_request, response) => {
      response.writeHead(302, { location: "http://169.254.169.254/latest/" }).end();
    });
    const answer = await say(path, `GET ${url}/ HTTP/1.1\r\n\r\n`);
    const location = /^location: (.*)\r$/m.exec(answer)?.[1];
    expect(outcome(await say(path, `GET ${location} HTTP/1.1\r\n\r\n`))).toBe("HOST_NOT_ALLOWED");
  });
});

describe("an answer that is cut off", () => {
  const head = "HTTP/1.1 200 OK\r\n";

  it.each([
    ["that ends with its connection", head, "transfer-encoding: chunked"],
    ["of a length", `${head}Content-Length: 9000000\r\n`, "content-length: 9000000"],
    ["in chunks", `${head}Transfer-Encoding: chunked\r\n`, "transfer-encoding: chunked"],
  ])("at the limit of bytes, %s, is not complete, and told of", async (_what, first, framing) => {
    const chunked = first.includes("chunked");
    const { proxy, path, url } = await withRaw(
      (socket) => {
        const piece = "z".repeat(10_000);
        socket.once("data", () => {
          socket.write(`${first}\r\n`);
          for (let sent = 0; sent < 100; sent += 1) {
            socket.write(chunked ? `2710\r\n${piece}\r\n` : piece);
          }
          socket.end(chunked ? "0\r\n\r\n" : "");
        });
      },
      { bytesIn: 500_000 },
    );
    const answer = await say(path, `GET ${url}/ HTTP/1.1\r\n\r\n`);
    expect(answer).toContain(`${framing}\r\n`);
    expect(answer.length).toBeLessThan(510_000);
    expect(answer).not.toMatch(/0\r\n\r\n$/);
    const { denied } = await proxy.admin.close("run1");
    const value = new URL(url).host;
    expect(denied).toEqual([{ kind: "net", value, code: "LIMIT_BYTES", count: 1 }]);
  });

  it("by its host is not complete either", async () => {
    const { path, url } = await withRaw((socket) => {
      socket.once("data", () => {
        socket.write(`${head}\r\nsome of it`);
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    const answer = await say(path, `GET ${url}/ HTTP/1.1\r\n\r\n`);
    expect(bodyOf(answer)).toBe("a\r\nsome of it\r\n");
  });
});

describe("the head of an answer", () => {
  const get = async (answer: string, method = "GET") => {
    const { path, url } = await withRaw((socket) => socket.once("data", () => socket.end(answer)));
    return say(path, `${method} ${url}/ HTTP/1.1\r\n\r\n`);
  };

  it("says nothing that the proxy alone may say", async () => {
    const word = "X-Isolate-Denied: HOST_NOT_ALLOWED\r\nx-isolate-denied: again\r\n";
    const interim = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n${word}\r\n`;
    const answer = await get(`${interim}HTTP/1.1 403 Forbidden\r\n${word}A: b\r\n\r\nno`);
    expect(answer).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 403 /);
    expect(answer).toContain("\r\na: b\r\n");
    expect(answer.toLowerCase()).not.toContain("x-isolate-denied");
  });

  it("says the length of the body once", async () => {
    const twice = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
    const answer = await get(`HTTP/1.1 200 OK\r\n${twice}\r\n3\r\nabc\r\n0\r\n\r\n`);
    expect(answer).toContain("transfer-encoding: chunked\r\n");
    expect(answer).not.toContain("content-length");
    expect(bodyOf(answer)).toBe("3\r\nabc\r\n0\r\n\r\n");
  });

  it.each([
    ["HEAD", "HTTP/1.1 200 OK\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\n\r\n"],
  ])("makes no body where there is none: %s %s", async (method, answer) => {
    expect(await get(answer, method)).toMatch(/^[^\r]*\r\nconnection: close\r\n\r\n$/);
  });

  it("with a coding whose end cannot be known is refused", async () => {
    const answer = await get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nx");
    expect(outcome(answer)).toBe("UPSTREAM_FAILED");
  });
});
