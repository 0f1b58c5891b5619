/** Tests which connections are kept, which give way to new ones, and how they end with the server. */
import { once } from "node:events";
import type { RequestListener, Server, ServerOptions, ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { guardedServer } from "../../../../../server/http/connections/guarded-server.ts";
import { httpLimits } from "../../../../../server/http/connections/http-limits.ts";
import { idleFor } from "../../../../../server/http/connections/idle-times.ts";
import {
  boundConnections,
  closeKept,
  leaveKept,
} from "../../../../../server/http/connections/kept-connections.ts";
import { until } from "../../../../contract/engine-contract.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

let server: Server;
const clients: Client[] = [];
afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  server.closeAllConnections();
  server.close();
});

interface Client {
  readonly socket: Socket;
  text: string;
  closed: boolean;
}

async function listen(listener: RequestListener, options: ServerOptions = {}): Promise<void> {
  server = guardedServer()({ keepAliveTimeout: 60_000, ...options }, listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
}

async function open(): Promise<Client> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const client = { socket, text: "", closed: false };
  clients.push(client);
  socket.on("error", () => {}).on("data", (data) => (client.text += data));
  socket.on("close", () => (client.closed = true));
  await once(socket, "connect");
  return client;
}

/** Sends a request, and waits for the end of its answer. */
async function ask(client: Client): Promise<string> {
  client.text = "";
  client.socket.write(REQUEST);
  await until(() => client.text.endsWith("answer"));
  return client.text;
}

const answer: RequestListener = (_incoming, outgoing) => {
  outgoing.setHeader("Content-Length", 6).end("answer");
};

/** Answers when the test wants it. */
function heldAnswers(): { listener: RequestListener; held: ServerResponse[] } {
  const held: ServerResponse[] = [];
  return { listener: (_incoming, outgoing) => void held.push(outgoing), held };
}

const release = (outgoing?: ServerResponse): void => {
  outgoing?.setHeader("Content-Length", 6).end("answer");
};

describe("a kept connection", () => {
  it("is kept for longer than proxies keep theirs, and longer than a head may take", async () => {
    const limits = httpLimits({ idle: 10_000, total: 120_000 });
    expect(limits.keepAliveTimeout).toBe(75_000);
    await listen(answer, { ...limits, headersTimeout: 100, connectionsCheckingInterval: 20 });
    const client = await open();
    expect(await ask(client)).toContain("Keep-Alive: timeout=75");
    await sleep(300);
    expect(await ask(client)).toContain("200 OK");
    expect(httpLimits({ idle: 10_000, total: 120_000 }, 9_000).keepAliveTimeout).toBe(9_000);
  });

  it("gives way to a new one if there are too many, the longest idle first", async () => {
    await listen(answer);
    boundConnections(server, 3);
    const [first, second, third] = [await open(), await open(), await open()];
    for (const client of [second, third, first, second]) await ask(client);
    const fourth = await open();
    await until(() => third.closed);
    await ask(fourth);
    expect([first, second, fourth].map(({ closed }) => closed)).toEqual([false, false, false]);
  });

  it("does not while it has a request; then the new one is closed", async () => {
    const { listener, held } = heldAnswers();
    await listen(listener);
    boundConnections(server, 2);
    const busy = [await open(), await open()];
    for (const { socket } of busy) socket.write(REQUEST);
    await until(() => held.length === 2);
    const third = await open();
    await until(() => third.closed);
    for (const outgoing of held) release(outgoing);
    await until(() => busy.every(({ text }) => text.endsWith("answer")));
    // Both are idle now, so that two more have room.
    const others = [await open(), await open()];
    await until(() => busy.every(({ closed }) => closed));
    expect(others.map(({ closed }) => closed)).toEqual([false, false]);
  });

  it("holds the bound against many at once", async () => {
    await listen(answer);
    boundConnections(server, 5);
    for (const client of await Promise.all([1, 2, 3, 4, 5].map(open))) await ask(client);
    const many = await Promise.all(Array.from({ length: 50 }, open));
    await until(() => clients.filter(({ closed }) => !closed).length === 5);
    expect(many.filter(({ closed }) => !closed)).toHaveLength(5);
  });
});

it("is idle from its last answer to its next request", async () => {
  const { listener, held } = heldAnswers();
  const sockets: Socket[] = [];
  await listen((incoming, outgoing) => {
    sockets.push(incoming.socket);
    listener(incoming, outgoing);
  });
  const client = await open();
  const times = (): boolean[] => sockets.map((socket) => idleFor(socket) > 0);
  client.socket.write(REQUEST);
  await until(() => held.length === 1);
  expect(times()).toEqual([false]);
  release(held[0]);
  await until(() => times()[0] === true);
  client.socket.write(REQUEST);
  await until(() => held.length === 2);
  expect(times()).toEqual([false, false]);
});

describe("a server that is about to stop", () => {
  it("serves a kept connection once more, and says that it closes", async () => {
    await listen(answer);
    const client = await open();
    expect(await ask(client)).toContain("Connection: keep-alive");
    leaveKept(server);
    expect(client.closed).toBe(false);
    expect(await ask(client)).toContain("Connection: close");
    await until(() => client.closed);
    expect(await ask(await open())).toContain("Connection: close");
  });

  it("says so with what is under way, and closes what is idle at once", async () => {
    const { listener, held } = heldAnswers();
    await listen(listener);
    const [idle, busy, silent] = [await open(), await open(), await open()];
    idle.socket.write(REQUEST);
    await until(() => held.length === 1);
    release(held[0]);
    await until(() => idle.text.endsWith("answer"));
    busy.socket.write(REQUEST);
    await until(() => held.length === 2);
    leaveKept(server);
    await closeKept(server);
    await until(() => idle.closed);
    release(held[1]);
    await until(() => busy.closed);
    expect(busy.text).toContain("Connection: close");
    // A connection that has not asked yet gets its one answer.
    silent.socket.write(REQUEST);
    await until(() => held.length === 3);
    release(held[2]);
    await until(() => silent.closed);
    expect(silent.text).toContain("200 OK");
  });

  it("answers a request that has arrived before it closes what is idle", async () => {
    await listen(answer);
    const client = await open();
    await ask(client);
    client.text = "";
    client.socket.write(REQUEST);
    leaveKept(server);
    await closeKept(server);
    await until(() => client.closed);
    expect(client.text).toContain("200 OK");
  });

  it("closes behind a stream whose head has promised more", async () => {
    const { listener, held } = heldAnswers();
    await listen(listener);
    const client = await open();
    client.socket.write(REQUEST);
    await until(() => held.length === 1);
    held[0]?.write("first ");
    await until(() => client.text.includes("first"));
    leaveKept(server);
    held[0]?.end("answer");
    await until(() => client.closed);
    expect(client.text).toContain("answer");
  });

  it("answers all that a connection has asked for, and begins nothing that it would not answer", async () => {
    let begun = 0;
    const { listener, held } = heldAnswers();
    await listen((incoming, outgoing) => {
      begun += 1;
      listener(incoming, outgoing);
    });
    const client = await open();
    client.socket.write(REQUEST.repeat(10));
    await until(() => held.length === 8);
    leaveKept(server);
    client.socket.write(REQUEST.repeat(3));
    for (let done = 0; done < 10; done += 1) {
      await until(() => held.length > done);
      release(held[done]);
    }
    await until(() => client.closed);
    expect(client.text.split("200 OK")).toHaveLength(11);
    expect(client.text.split("Connection: close")).toHaveLength(2);
    expect(begun).toBe(10);
  });
});
