import { EventEmitter } from "node:events";
import { Agent, request, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type HttpBindings, serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildApp } from "../../../../../server/app.ts";
import { noteIdle } from "../../../../../server/http/connections/idle-times.ts";
import { UnreadResponses } from "../../../../../server/http/unread/unread-responses.ts";
import { config } from "../../../../../src/config/config.ts";
import { Kernel } from "../../../../../src/kernel/kernel.ts";
import { until } from "../../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../../fakes/recording-engine.ts";
import { storelessServices } from "../../../../helpers/services.ts";

const RESULT = "x".repeat(4_000_000);
const BODY = JSON.stringify({ code: "export default () => 1" });

let port: number;
let server: Server;

beforeAll(async () => {
  const engine = new RecordingEngine("container", () => ({ result: JSON.stringify(RESULT) }));
  const kernel = new Kernel({ config: config(), engines: [engine] });
  const services = storelessServices(kernel);
  const onError = (): void => {};
  const app = buildApp({ services, maxBody: 100_000, onError, maxUnread: 33_554_432 });
  port = await new Promise((resolve) => {
    const fetch = app.fetch as (request: Request) => Response;
    const options = { fetch, port: 0, hostname: "127.0.0.1" };
    server = serve(options, (to) => resolve(to.port)) as Server;
  });
});
afterAll(() => server.close());

/** Asks for a large answer. Reads only its first line. */
function askAndStopReading(accept: string): Promise<{ socket: Socket; status: number }> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", (data) => {
      socket.pause();
      resolve({ socket, status: Number(String(data).split(" ")[1]) });
    });
    socket.write(requestText(accept));
  });
}

function requestText(accept: string): string {
  const head = `Content-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${BODY.length}`;
  return `POST /execute HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n${BODY}`;
}

/**
 * A connection to the server without a kernel in between. It accepts only the first write, so that
 * all further bytes wait in this process on every machine.
 */
class Unreading extends Duplex {
  status = 0;
  /** The server reads it in addition to the stream's own members, as on a socket. */
  bytesWritten = 0;
  readonly first = new Promise<void>((resolve) => this.once("first", resolve));

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    if (this.status !== 0) return;
    this.status = Number(String(chunk).split(" ")[1]);
    this.emit("first");
    callback();
  }
}

/** Reads an answer over a connection of the agent, or by default over a new one. */
function read(agent: Agent | false = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const options = { agent, port, host: "127.0.0.1", path: "/execute", method: "POST", headers };
    request(options, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    })
      .once("error", reject)
      .end(BODY);
  });
}

describe("answers that nobody reads", () => {
  it.each(["application/json", "text/event-stream"])(
    "end before memory does: %s",
    async (accept) => {
      const sockets: Socket[] = [];
      const statuses: number[] = [];
      while (statuses.at(-1) !== 429 && statuses.length < 40) {
        const { socket, status } = await askAndStopReading(accept);
        sockets.push(socket);
        statuses.push(status);
      }
      expect(statuses.at(-1)).toBe(429);
      expect(statuses.length).toBeGreaterThan(4);
      expect(await read()).toBe(429);
      for (const socket of sockets) socket.destroy();
      await until(async () => (await read()) === 200);
      for (let count = 0; count < 20; count += 1) expect(await read()).toBe(200);
    },
  );

  it("count in this process alone, wherever the kernel takes none of them", async () => {
    const connections: Unreading[] = [];
    while (connections.at(-1)?.status !== 429 && connections.length < 40) {
      const connection = new Unreading();
      connections.push(connection);
      server.emit("connection", connection);
      connection.push(requestText("application/json"));
      await connection.first;
    }
    // Half of 32 MiB, at 4 MB each; the last one was refused. The rest is left for others.
    expect(connections.length).toBeGreaterThan(3);
    expect(connections.length).toBeLessThan(8);
    for (const connection of connections) connection.destroy();
    await until(async () => (await read()) === 200);
  });

  it("count for nobody who has gone before they were begun", () => {
    const unread = new UnreadResponses(1_000);
    const owner = { name: "acme", isAnonymous: false };
    const socket = Object.assign(new Unreading(), { bytesWritten: 0 });
    socket.destroy();
    const outgoing = { headersSent: true, writableLength: 5_000, closed: true, once: () => {} };
    const bindings = { outgoing, incoming: { socket } } as unknown as HttpBindings;
    for (let count = 0; count < 3; count += 1) unread.begin(owner, bindings);
    expect(() => unread.check(owner, 10)).not.toThrow();
  });

  it("make room once their connections have been idle for a while, and not before", () => {
    const unread = new UnreadResponses(1_000_000);
    const owner = { name: "acme", isAnonymous: false };
    const kept = Array.from({ length: 4 }, () => {
      const socket = Object.assign(new Unreading(), { bytesWritten: 0 });
      const outgoing = Object.assign(new EventEmitter(), { headersSent: true, writableLength: 0 });
      unread.begin(owner, { outgoing, incoming: { socket } } as unknown as HttpBindings);
      socket.bytesWritten = 1_000_000;
      return { socket, outgoing };
    });
    const [busy, ...idle] = kept;
    for (const { socket, outgoing } of idle) {
      outgoing.emit("close");
      noteIdle(socket as unknown as Socket);
    }
    const check = (): void => unread.check(owner, 10);
    const since = vi.spyOn(performance, "now");
    const now = performance.now();
    try {
      since.mockReturnValue(now + 4_000);
      expect(check).toThrow("unread");
      expect(kept.filter(({ socket }) => socket.destroyed)).toEqual([]);
      since.mockReturnValue(now + 6_000);
      expect(check).not.toThrow();
    } finally {
      since.mockRestore();
    }
    expect(idle.every(({ socket }) => socket.destroyed)).toBe(true);
    expect(busy?.socket.destroyed).toBe(false);
  });

  it("are forgotten once their connection asks again", async () => {
    const agents = Array.from({ length: 12 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    for (let round = 0; round < 3; round += 1) {
      for (const agent of agents) expect(await read(agent)).toBe(200);
    }
    for (const agent of agents) agent.destroy();
  });
});
