import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  Cleanup,
  Client,
  echo,
  eventually,
  outcome,
  proxyTo,
  say,
  startProxy,
  startUpstream,
} from "../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function setUp(serve: (socket: Socket) => void = echo, limits = {}) {
  const upstream = await startUpstream(cleanup, serve);
  const { proxy, path, name } = await proxyTo(cleanup, upstream.port, limits);
  return { upstream, proxy, path, connect: `CONNECT ${name} HTTP/1.1\r\n\r\n` };
}

describe("a tunnel", () => {
  it("carries bytes both ways, those sent along with its request among them", async () => {
    const { path, connect, proxy } = await setUp();
    const client = new Client(path);
    client.write(`${connect}early`);
    await client.until(/^HTTP\/1\.1 200 Connection Established\r\n\r\nearly$/);
    client.write(" late\0\r\n\r\n");
    await client.until(/early late\0\r\n\r\n$/);
    client.socket.end();
    await client.closed;
    await eventually(() => proxy.records.length === 2);
    expect(proxy.records[1]).toMatchObject({
      event: "end",
      code: "DONE",
      bytesOut: 15,
      bytesIn: 15,
    });
  });

  it("is found however its request is cut", async () => {
    const { path, connect } = await setUp();
    const client = new Client(path);
    for (const byte of `${connect}hello`) {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(/hello$/);
    client.socket.destroy();
  });

  it("passes a half-close on, and the answer to it back", async () => {
    const { path, connect } = await setUp((socket) => {
      socket.on("end", () => socket.end("you are done"));
    });
    const client = new Client(path);
    client.write(connect);
    await client.until(/200/);
    client.socket.end("last");
    await client.closed;
    expect(client.text).toMatch(/you are done$/);
  });

  it("ends for the client when the host ends it, all bytes delivered", async () => {
    const bytes = randomBytes(3_000_000);
    const { path, connect } = await setUp((socket) => socket.end(bytes));
    const answer = await say(path, connect);
    const body = Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1");
    expect(hash(body)).toBe(hash(bytes));
  });

  it("ends for the host when the client breaks it off", async () => {
    const { path, connect, upstream, proxy } = await setUp();
    const client = new Client(path);
    client.write(connect);
    await client.until(/200/);
    client.socket.destroy();
    await eventually(() => upstream.sockets[0]?.closed === true);
    await eventually(() => proxy.records.length === 2);
  });

  it("ends for the client when the host resets it", async () => {
    const { path, connect } = await setUp((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    expect(await say(path, `${connect}reset`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("holds a sender back while nobody reads", async () => {
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    const { path, connect } = await setUp((socket) => {
      const fill = () => {
        while (sent < 64 * 1_048_576) {
          sent += chunk.length;
          if (!socket.write(chunk)) return void socket.once("drain", fill);
        }
      };
      fill();
    });
    const client = new Client(path);
    client.write(connect);
    await client.until(/200/);
    client.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBe(before);
    // The kernel's buffers fill up, not this process.
    expect(sent).toBeLessThan(16 * 1_048_576);
    client.socket.destroy();
  });

  it("that cannot be dialled says so, and is an end for the audit", async () => {
    const closing = new Cleanup();
    const { port } = await startUpstream(closing, echo);
    await closing.run();
    const name = `gone.test:${port}`;
    const hosts = { "gone.test": "127.0.0.1" };
    const proxy = await startProxy(cleanup, { hosts, private: [name] });
    const path = await proxy.open([name]);
    const answer = await say(path, `CONNECT ${name} HTTP/1.1\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(outcome(answer)).toBe("DIAL_FAILED");
    expect(proxy.records.map(({ code }) => code)).toEqual(["ALLOWED", "DIAL_FAILED"]);
    expect((await proxy.admin.close("run1")).tunnels).toBe(0);
  });
});

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
