/** Tests the ends of answers, with hosts that continue in the name of the proxy. */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ChunkReader } from "../../../egress/chunk-reader.ts";
import { HeadSyntaxError } from "../../../egress/head.ts";
import { Cleanup, proxyTo, say, startUpstream } from "../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const DENIED =
  "HTTP/1.1 403 Forbidden\r\nX-Isolate-Denied: HOST_NOT_ALLOWED\r\nContent-Length: 0\r\n\r\n";

async function ask(method: string, serve: (socket: Socket) => void): Promise<string> {
  const upstream = await startUpstream(cleanup, (socket) => {
    socket.once("data", () => serve(socket));
    // In case the proxy waits for it, the host ends after a while.
    setTimeout(() => socket.end(), 500);
  });
  const { path, name } = await proxyTo(cleanup, upstream.port);
  return say(path, `${method} http://${name}/ HTTP/1.1\r\n\r\n`);
}

describe("an answer", () => {
  it.each([
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
    ["GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"],
    ["GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"],
  ])("to %s ends where it says, though the host goes on: %j", async (method, answer) => {
    const body = answer.includes("whole") ? /whole(\r\n0\r\n\r\n)?$/ : /\r\n\r\n$/;
    for (const pause of [0, 30]) {
      const got = await ask(method, (socket) => {
        if (pause === 0) socket.write(answer + DENIED);
        else socket.write(answer, () => setTimeout(() => socket.write(DENIED), pause));
      });
      expect(got).not.toMatch(/denied|forbidden/i);
      expect(got).toMatch(body);
    }
  });

  it("loses the trailers behind its last chunk, whatever they say and however they come", async () => {
    const answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Isolate-Denied\r\n\r\n" +
      "1;a=b\r\na\r\n0;X-Isolate-Denied: A\r\nX-Isolate-Denied: METADATA_ADDRESS\r\nOther: b\r\n\r\n";
    const whole = await ask("GET", (socket) => socket.write(answer));
    expect(whole).not.toMatch(/denied|other/i);
    expect(whole).toMatch(/\r\n\r\n1\r\na\r\n0\r\n\r\n$/);
    const slowly = await ask("GET", async (socket) => {
      for (const byte of answer) {
        socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    expect(slowly).toBe(whole);
  });

  it("in chunks that are none is cut off, and not complete", async () => {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const got = await ask("GET", (socket) =>
      socket.write(`${head}1\r\na\r\nX-Isolate-Denied: A\r\n`),
    );
    expect(got).not.toMatch(/denied|0\r\n\r\n$/i);
  });

  it("of a length that is no number is refused", async () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab";
    expect(await ask("GET", (socket) => socket.write(answer))).toContain("UPSTREAM_FAILED");
  });

  it("that is complete before its request leaves that time to be sent", async () => {
    let received = "";
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const upstream = await startUpstream(cleanup, (socket) => {
      socket.once("data", () => socket.write(answer));
      socket.on("data", (data) => {
        received += data.toString("latin1");
      });
    });
    const { path, name } = await proxyTo(cleanup, upstream.port);
    const body = "x".repeat(2_000_000);
    const got = await say(
      path,
      `POST http://${name}/ HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(got).toMatch(/\r\n\r\nok$/);
    expect(received.length).toBeGreaterThan(body.length);
  });
});

it.each([150_000, 260_000])(
  "an answer of %i bytes gets there whole from a host that is gone before it has the request",
  async (bytes) => {
    const answer = "x".repeat(bytes);
    let host: Socket | undefined;
    const upstream = await startUpstream(cleanup, (socket) => {
      host = socket.on("error", () => {});
      socket.once("data", () =>
        socket.write(`HTTP/1.1 413 Too Large\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`),
      );
    });
    const { path, name } = await proxyTo(cleanup, upstream.port);
    const client = connect(path);
    client.write(`POST http://${name}/ HTTP/1.1\r\nContent-Length: 9000000\r\n\r\nsome`);
    let got = "";
    // The client reads slowly while the proxy still sends.
    client.once("readable", () => host?.resetAndDestroy());
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.on("data", (data) => (got += data)).on("error", () => {});
    await new Promise((resolve) => client.once("close", resolve));
    expect(got.endsWith(answer)).toBe(true);
  },
);

describe("a body in chunks", () => {
  it("is read the same in pieces of any size", () => {
    const body = Buffer.from("5\r\nhello\r\n00A ; ext\r\n0123456789\r\n0\r\nA: b\r\n\r\nbehind");
    for (let size = 1; size <= body.length; size += 1) {
      const reader = new ChunkReader();
      let data = "";
      for (let at = 0; at < body.length; at += size) {
        data += reader.take(body.subarray(at, at + size)).toString();
      }
      expect(data).toBe("hello0123456789");
      expect(reader.done).toBe(true);
    }
  });

  it.each([
    "x\r\n",
    "\r\n",
    "-1\r\n",
    "0x1\r\n",
    "1\na",
    "123456789\r\n",
    "1\r\nab",
    `1${" ".repeat(2_000)}`,
    `0\r\n${"A: b\r\n".repeat(4_000)}`,
  ])("is none: %j", (text) => {
    const reader = new ChunkReader();
    expect(() => {
      reader.take(Buffer.from(text));
      reader.take(Buffer.from("\n\n"));
    }).toThrow(HeadSyntaxError);
  });
});
