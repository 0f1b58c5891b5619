/**
 * Tests that the proxy's process stays small while hosts send endlessly to code that does not read.
 */
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Cleanup,
  Client,
  listenLocally,
  outcome,
  say,
  startUpstream,
} from "../../helpers/egress.ts";
import { type ProxyProcess, startProxyProcess } from "../../helpers/proxy-process.ts";

const MEGABYTE = 1_048_576;
const INTERIM = Buffer.from("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n".repeat(1_000));

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

let proxy: ProxyProcess;
let flooding: string;
let sound: string;
/** Bytes that hosts could send. */
let sent = 0;
beforeEach(async () => {
  sent = 0;
  const upstream = await startUpstream(cleanup, (socket) => {
    socket.once("data", (chunk) => {
      const path = /^\w+ (\S+)/.exec(String(chunk))?.[1];
      if (path === "/interim") pour(socket, INTERIM);
      if (path === "/body") pour(socket, Buffer.alloc(65_536, "z"), "HTTP/1.1 200 OK\r\n\r\n");
      if (path === "/head") pour(socket, Buffer.alloc(65_536, "z"), "HTTP/1.1 200 OK\r\nA: ");
    });
  });
  const server = createServer((_request, response) => response.end("sound"));
  const port = await listenLocally(server);
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  flooding = `up.test:${upstream.port}`;
  sound = `up.test:${port}`;
  proxy = await startProxyProcess(cleanup, {
    hosts: { "up.test": "127.0.0.1" },
    private: [flooding, sound],
    limits: { bytesIn: 1_000 * MEGABYTE },
  });
});

/** Sends endlessly, as fast as it is read. */
function pour(socket: Socket, bytes: Buffer, first = ""): void {
  if (first !== "") socket.write(first);
  while (socket.writable && socket.write(bytes)) sent += bytes.length;
  sent += bytes.length;
  socket.once("drain", () => pour(socket, bytes));
}

async function isServed(): Promise<void> {
  const path = await proxy.open(`other${Math.random()}`, [sound]);
  const answer = await say(path, `GET http://${sound}/ HTTP/1.1\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*sound$/);
}

describe("a host that sends without end, to code that does not read,", () => {
  it.each(["/interim", "/body", "/head"])("has no part of the proxy's memory: %s", async (what) => {
    await isServed();
    const before = proxy.memory();
    const path = await proxy.open("flooded", [flooding]);
    const clients = Array.from({ length: 20 }, () => new Client(path));
    for (const client of clients) {
      client.socket.pause();
      client.write(`GET http://${flooding}${what} HTTP/1.1\r\n\r\n`);
    }
    let most = 0;
    // Waits until nothing has moved for half a second, or gives up after eight rounds.
    for (let last = -1, rounds = 0; rounds < 8 && sent !== last; rounds += 1) {
      last = sent;
      await sleep(500);
      most = Math.max(most, proxy.memory());
    }
    expect(proxy.child.exitCode).toBe(null);
    expect(most - before).toBeLessThan(48 * MEGABYTE);
    await isServed();
    for (const client of clients) client.socket.destroy();
  });

  it("is told off for endless interim answers, which the code reads", async () => {
    const path = await proxy.open("flooded", [flooding]);
    const answer = await say(path, `GET http://${flooding}/interim HTTP/1.1\r\n\r\n`);
    expect(answer.match(/103 Early Hints/g)?.length).toBeLessThanOrEqual(65);
    expect(outcome(answer)).toBe("UPSTREAM_FAILED");
    expect(answer).toContain("HTTP/1.1 502 Bad Gateway");
  });
});

describe("code that reads what it asks for", () => {
  it.each([
    [1, 100],
    [32, 3],
  ])("gets it whole: %i connections at once, %i MB each", async (connections, megabytes) => {
    const body = Buffer.alloc(megabytes * MEGABYTE - 1_000, "z");
    const server = createServer((_request, response) => response.end(body));
    const port = await listenLocally(server);
    cleanup.add(() => {
      server.closeAllConnections();
      server.close();
    });
    const host = `127.0.0.1:${port}`;
    const settings = { op: "configure", hosts: {}, private: [host] };
    expect(await proxy.admin.ask(settings)).toMatchObject({ ok: true });
    const path = await proxy.open("reader", [host]);
    const sizes = await Promise.all(
      Array.from({ length: connections }, async () => {
        const client = new Client(path);
        client.write(`GET http://${host}/ HTTP/1.1\r\n\r\n`);
        await client.closed;
        return client.text.length - client.text.indexOf("\r\n\r\n") - 4;
      }),
    );
    expect(sizes).toEqual(Array(connections).fill(body.length));
  });
});

describe("code that opens connections without end", () => {
  it("is told so, and then cut off", async () => {
    const path = await proxy.open("crowd", [sound]);
    const clients = Array.from({ length: 600 }, () => new Client(path));
    const closed = clients.map(
      ({ socket }) => new Promise((resolve) => socket.once("close", resolve)),
    );
    for (const client of clients) client.socket.pause();
    await Promise.race(closed);
    await isServed();
    for (const client of clients) client.socket.resume();
    await sleep(200);
    const told = clients.filter(({ text }) => outcome(text) === "LIMIT_CONNECTIONS").length;
    const cut = clients.filter(({ text, socket }) => text === "" && socket.destroyed).length;
    expect(told).toBeGreaterThan(50);
    expect(cut).toBeGreaterThan(100);
    expect(told).toBeLessThanOrEqual(256);
    for (const client of clients) client.socket.destroy();
  });
});
