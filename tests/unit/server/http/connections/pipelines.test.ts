import { Agent, get, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { guardedServer } from "../../../../../server/http/connections/guarded-server.ts";
import { until } from "../../../../contract/engine-contract.ts";
import { ownTime } from "../../../../helpers/own-time.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Starts a server that closes connections which have stalled for that many milliseconds. */
async function listen(listener: RequestListener, stall = 300): Promise<number> {
  const server: Server = guardedServer({ stall, look: 50 })({}, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.closeAllConnections());
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function open(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  closers.push(() => socket.destroy());
  return socket.on("error", () => {});
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const requests = (count: number): string =>
  Array.from({ length: count }, (_, n) => request(`/${n}`)).join("");

/** Returns the paths in the order of their answers, once there are that many. */
async function answered(socket: Socket, count: number): Promise<string[]> {
  let text = "";
  socket.on("data", (data) => (text += data));
  const paths = (): string[] => [...text.matchAll(/\[(.*?)\]/g)].map(([, path]) => path ?? "");
  await until(() => paths().length >= count);
  return paths();
}

describe("one connection", () => {
  it("has few requests under way, and all of a modest number answered in their order", async () => {
    let most = 0;
    let underWay = 0;
    const port = await listen(async ({ url }, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(Math.random() * 5);
      underWay -= 1;
      response.end(`[${url}]`);
    });
    const socket = open(port);
    for (let round = 0; round < 2; round += 1) {
      socket.write(requests(100));
      expect(await answered(socket, 100)).toEqual(Array.from({ length: 100 }, (_, n) => `/${n}`));
    }
    expect(most).toBe(8);
  });

  it("ends that asks for thousands at once, and keeps nobody waiting", async () => {
    let handled = 0;
    const port = await listen((_, response) => {
      handled += 1;
      const end = performance.now() + 1;
      while (performance.now() < end);
      response.end();
    });
    const hostile = open(port);
    hostile.write(requests(20_000));
    hostile.resume();
    await new Promise((resolve) => hostile.once("close", resolve));
    const taken = ownTime();
    await new Promise((resolve) => get({ port, host: "127.0.0.1", agent: false }, resolve));
    expect(taken()).toBeLessThan(200);
    expect(handled).toBeLessThan(120);
  });

  it("gets the answers to all that has been begun before it ends", async () => {
    const handled: string[] = [];
    const port = await listen(async ({ url }, response) => {
      handled.push(url ?? "");
      await sleep(20);
      response.end(`[${url}]`);
    });
    const socket = open(port);
    let text = "";
    socket.on("data", (data) => (text += data));
    socket.write(requests(300));
    await new Promise((resolve) => socket.once("close", resolve));
    expect([...text.matchAll(/\[(.*?)\]/g)].map(([, path]) => path)).toEqual(handled);
    expect(handled.length).toBeGreaterThan(0);
  });

  it("is kept for as long as it asks one by one", async () => {
    const ports = new Set<number | undefined>();
    const port = await listen(({ socket }, response) => {
      ports.add(socket.remotePort);
      response.end();
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(() => agent.destroy());
    for (let n = 0; n < 300; n += 1) {
      await new Promise<void>((resolve) => {
        get({ agent, port, host: "127.0.0.1" }, (response) => response.resume().on("end", resolve));
      });
    }
    expect(ports.size).toBe(1);
  });

  it("has the bodies of its requests read, those that waited too", async () => {
    const port = await listen(async (incoming, response) => {
      let size = 0;
      for await (const chunk of incoming) size += chunk.length;
      response.end(`[${size}]`);
    });
    const socket = open(port);
    const body = "x".repeat(200_000);
    const post = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    socket.write(requests(20) + post.repeat(30));
    const sizes = await answered(socket, 50);
    expect(sizes).toEqual([...Array(20).fill("0"), ...Array(30).fill("200000")]);
  });
});

describe("an answer", () => {
  const LARGE = Buffer.alloc(33_554_432);

  it("that nobody reads ends its connection, whatever that still sends", async () => {
    const closed: boolean[] = [];
    const port = await listen(({ socket }, response) => {
      socket.once("close", () => closed.push(true));
      response.end(LARGE);
    });
    const socket = open(port);
    socket.write(`${request("/")}GET /`);
    socket.pause();
    const timer = setInterval(() => socket.write("a"), 20);
    closers.push(() => clearInterval(timer));
    await until(() => closed.length === 1);
  });

  it("that is read slowly gets there", async () => {
    // Reading takes over two seconds. The kernel reports progress only a few times in that.
    const port = await listen((_, response) => response.end(LARGE), 1_000);
    const socket = open(port);
    let size = 0;
    const taken = new Promise<void>((resolve, reject) => {
      socket.once("close", () => reject(new Error(`Closed after ${size} bytes`)));
      socket.on("data", (data) => {
        size += data.length;
        if (size > LARGE.length) resolve();
        if (size % 7 === 0) return;
        socket.pause();
        setTimeout(() => socket.resume(), 4);
      });
    });
    socket.write(request("/"));
    await taken;
  });

  it("that takes long to come is waited for", async () => {
    const port = await listen((_, response) => setTimeout(() => response.end("[late]"), 1_000));
    const socket = open(port);
    socket.write(request("/"));
    expect(await answered(socket, 1)).toEqual(["late"]);
  });
});
