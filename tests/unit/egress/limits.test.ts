import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { EgressLimits } from "../../../src/protocol/egress-limits.ts";
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
import { ownTime } from "../../helpers/own-time.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function setUp(limits: Partial<EgressLimits>, serve: (socket: Socket) => void = echo) {
  const upstream = await startUpstream(cleanup, serve);
  return { upstream, ...(await tunnelTo(upstream.port, limits)) };
}

async function tunnelTo(port: number, limits: Partial<EgressLimits>) {
  const { proxy, path, name } = await proxyTo(cleanup, port, limits);
  const connectText = `CONNECT ${name} HTTP/1.1\r\n\r\n`;
  const get = `GET http://${name}/ HTTP/1.1\r\n\r\n`;
  async function tunnel(): Promise<Client> {
    const client = new Client(path);
    client.write(connectText);
    await client.until(/ 200 /);
    cleanup.add(() => client.socket.destroy());
    return client;
  }
  const ends = () => proxy.records.filter(({ event }) => event === "end").map(({ code }) => code);
  return { proxy, path, connectText, get, tunnel, ends };
}

/** Waits until the proxy has read what was sent to it. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

describe("the time for a head", () => {
  it("runs out for one that trickles in", async () => {
    const { path, upstream } = await setUp({ headTimeoutMs: 150 });
    const taken = ownTime();
    const client = new Client(path);
    const drip = setInterval(() => client.write("C"), 20);
    await client.closed;
    clearInterval(drip);
    expect(outcome(client.text)).toBe("HEAD_TIMEOUT");
    expect(taken()).toBeLessThan(2_000);
    expect(upstream.sockets).toHaveLength(0);
  });

  it("runs out for one that never starts", async () => {
    const { path } = await setUp({ headTimeoutMs: 100 });
    const client = new Client(path);
    await client.closed;
    expect(client.text).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe("the time without a byte", () => {
  it.each([
    ["both ways", echo],
    ["to the outside", (socket: Socket) => void socket.resume()],
  ])("ends a tunnel, but not one that moves %s", async (_what, serve) => {
    const { tunnel, ends } = await setUp({ idleTimeoutMs: 1_000 }, serve);
    const client = await tunnel();
    for (let round = 0; round < 15; round += 1) {
      client.write("x");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(client.socket.closed).toBe(false);
    await client.closed;
    expect(ends()).toEqual(["IDLE_TIMEOUT"]);
  });

  it("is told a client that waits for an answer", async () => {
    const { path, get } = await setUp({ idleTimeoutMs: 100 }, () => {});
    const answer = await say(path, get);
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(outcome(answer)).toBe("IDLE_TIMEOUT");
  });
});

it("the life of a tunnel ends even if it moves", async () => {
  const { tunnel, ends } = await setUp({ absoluteTimeoutMs: 250 });
  const client = await tunnel();
  const busy = setInterval(() => client.write("x"), 20);
  await client.closed;
  clearInterval(busy);
  expect(ends()).toEqual(["ABSOLUTE_TIMEOUT"]);
});

describe("the number of bytes", () => {
  it("to the outside ends a tunnel, and there is no next one", async () => {
    const { tunnel, ends, upstream, path, connectText } = await setUp(
      { bytesOut: 100_000 },
      () => {},
    );
    const client = await tunnel();
    client.write(Buffer.alloc(1_000_000));
    await client.closed;
    expect(ends()).toEqual(["LIMIT_BYTES"]);
    expect(upstream.received().length).toBeLessThanOrEqual(100_000);
    const next = await say(path, connectText);
    expect(next).toMatch(/^HTTP\/1\.1 429 /);
    expect(outcome(next)).toBe("LIMIT_BYTES");
  });

  it("from the outside ends a tunnel", async () => {
    const { path, connectText, ends } = await setUp({ bytesIn: 100_000 }, (socket) => {
      socket.write(Buffer.alloc(1_000_000));
    });
    const answer = await say(path, connectText);
    expect(answer.length).toBeLessThan(100_100);
    expect(ends()).toEqual(["LIMIT_BYTES"]);
  });

  it("is told a client that has no answer yet", async () => {
    const { path, get } = await setUp({ bytesOut: 10 }, () => {});
    expect(outcome(await say(path, get))).toBe("LIMIT_BYTES");
  });
});

describe("the number of tunnels", () => {
  it("at a time is held: others wait in turn for one that ends, but not for each other", async () => {
    const { tunnel, path, connectText, proxy } = await setUp({ tunnels: 2 });
    const [first, second] = [await tunnel(), await tunnel()];
    const told: string[] = [];
    const ask = (name: string): Client => {
      const client = new Client(path);
      client.write(connectText);
      void client.until(/ 200 /).then(
        () => told.push(name),
        () => {},
      );
      return client;
    };
    const waiting: Client[] = [];
    for (const name of ["a", "gone", "b", "c"]) {
      waiting.push(ask(name));
      await settled();
    }
    expect(outcome(await say(path, "CONNECT other.test:1 HTTP/1.1\r\n\r\n"))).toBe(
      "HOST_NOT_ALLOWED",
    );
    waiting[1]?.socket.destroy();
    expect(told).toEqual([]);
    first.socket.destroy();
    await eventually(() => told.length === 1);
    second.socket.destroy();
    await eventually(() => told.length === 2);
    expect(told).toEqual(["a", "b"]);
    for (const client of waiting) client.socket.destroy();
    await eventually(() => proxy.records.filter(({ event }) => event === "end").length >= 4);
    expect(
      proxy.records.filter((record) => "verdict" in record && record.code !== "ALLOWED"),
    ).toEqual([expect.objectContaining({ code: "HOST_NOT_ALLOWED" })]);
  });

  it("in all is held for those that wait as well, and their wait ends with the run", async () => {
    const { tunnel, path, connectText, proxy } = await setUp({ tunnels: 1, totalTunnels: 2 });
    const first = await tunnel();
    const waiting = [new Client(path), new Client(path), new Client(path)];
    for (const client of waiting) client.write(connectText);
    await settled();
    first.socket.destroy();
    await eventually(() => waiting.some(({ text }) => text !== ""));
    const served = waiting.find(({ text }) => text !== "");
    served?.socket.destroy();
    await eventually(() => waiting.every(({ text }) => text !== ""));
    expect(waiting.map(({ text }) => outcome(text)).sort()).toEqual([
      "HTTP/1.1 200 Connection Established",
      "LIMIT_TUNNELS",
      "LIMIT_TUNNELS",
    ]);
    const [name = ""] = /up\.test:\d+/.exec(connectText) ?? [];
    const other = await proxy.open([name], "run2");
    const clients = [new Client(other), new Client(other)];
    for (const client of clients) client.write(connectText);
    await settled();
    expect((await proxy.admin.close("run2")).denied).toEqual([]);
    await Promise.all(clients.map(({ closed }) => closed));
  });

  it("in all is held", async () => {
    const { tunnel, path, connectText, proxy } = await setUp({ totalTunnels: 2 });
    for (let count = 0; count < 2; count += 1) (await tunnel()).socket.destroy();
    await eventually(() => proxy.records.length === 4);
    expect(outcome(await say(path, connectText))).toBe("LIMIT_TUNNELS");
  });

  it("is per run: another one has its own", async () => {
    const { tunnel, proxy, path, connectText } = await setUp({ totalTunnels: 1 });
    await tunnel();
    expect(outcome(await say(path, connectText))).toBe("LIMIT_TUNNELS");
    const [name = ""] = /up\.test:\d+/.exec(connectText) ?? [];
    const other = new Client(await proxy.open([name], "run2"));
    other.write(connectText);
    await other.until(/ 200 /);
    other.socket.destroy();
  });
});

it("connections without a tunnel are limited, and those too many told at once", async () => {
  const { path, tunnel } = await setUp({ halfOpen: 3 });
  await tunnel();
  const waiting = [new Client(path), new Client(path), new Client(path)];
  for (const client of waiting) client.write("CONN");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const taken = ownTime();
  expect(outcome(await say(path, "CONNECT"))).toBe("LIMIT_CONNECTIONS");
  expect(taken()).toBeLessThan(100);
  waiting[0]?.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await tunnel();
  for (const client of waiting) client.socket.destroy();
});

it("the time for a name's resolution is limited", async () => {
  const proxy = await startProxy(cleanup, {
    resolver: () => new Promise(() => {}),
    limits: { dialTimeoutMs: 100 },
  });
  const path = await proxy.open(["slow.test"]);
  const answer = await say(path, "CONNECT slow.test:443 HTTP/1.1\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(outcome(answer)).toBe("RESOLVE_TIMEOUT");
});

it("the time for dialling is limited", async () => {
  // A server that listens and never accepts. Once its queue is full, connections get no answer.
  const script = `
    require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
      require("node:fs").writeSync(1, String(this.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const deaf = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  cleanup.add(() => deaf.kill("SIGKILL"));
  const port = await new Promise<number>((resolve) => {
    deaf.stdout.once("data", (data) => resolve(Number(String(data))));
  });
  for (let count = 0; count < 8; count += 1) {
    const filler = connect(port, "127.0.0.1").on("error", () => {});
    cleanup.add(() => filler.destroy());
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { path, connectText, ends } = await tunnelTo(port, { dialTimeoutMs: 200 });
  const answer = await say(path, connectText);
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(outcome(answer)).toBe("DIAL_TIMEOUT");
  expect(ends()).toEqual(["DIAL_TIMEOUT"]);
});
