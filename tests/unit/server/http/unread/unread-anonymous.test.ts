import { EventEmitter } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { HttpBindings } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../../../../server/app.ts";
import { UnreadResponses } from "../../../../../server/http/unread/unread-responses.ts";
import { config } from "../../../../../src/config/config.ts";
import { Kernel } from "../../../../../src/kernel/kernel.ts";
import { until } from "../../../../contract/engine-contract.ts";
import { RecordingEngine } from "../../../../fakes/recording-engine.ts";
import { listenGuarded } from "../../../../helpers/guarded-app.ts";
import { storelessServices } from "../../../../helpers/services.ts";

const LARGE = "/docs/swagger-ui-bundle.js";
const sockets: Socket[] = [];
let server: Server;

beforeAll(async () => {
  const kernel = new Kernel({ config: config(), engines: [new RecordingEngine("container")] });
  const services = storelessServices(kernel);
  const onError = (): void => {};
  // Clients without a key get half of it, and each of them half of that. That is 16 MiB, and 64
  // with the kernel's buffers.
  const app = buildApp({ services, maxBody: 100_000, onError, maxUnread: 67_108_864 });
  server = await listenGuarded(app);
});
afterAll(() => server.close());
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function requestText(path: string, more = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
}

/** Sends a request from one of loopback's addresses. Reads only the first line of the answer. */
function ask(text: string, from = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    sockets.push(socket);
    socket.once("data", (data) => {
      socket.pause();
      resolve(Number(String(data).split(" ")[1]));
    });
    socket.once("error", reject);
    socket.write(text);
  });
}

/** Sends requests until one is refused. Resolves with the number of answers before. */
async function askUntilRefused(text: string, from: (n: number) => string): Promise<number> {
  for (let count = 0; count < 60; count += 1) {
    if ((await ask(text, from(count))) === 429) return count;
  }
  return 60;
}

describe("answers without a key that nobody reads", () => {
  it("end before memory does, and say whether the server is well to the last", async () => {
    const count = await askUntilRefused(requestText(LARGE).repeat(3), () => "127.0.0.1");
    expect(count).toBeGreaterThan(1);
    expect(count).toBeLessThan(30);
    expect(await ask(requestText(LARGE))).toBe(429);
    expect(await ask(requestText("/openapi.json"))).toBe(429);
    expect(await ask(requestText("/healthz"))).toBe(200);
    // Others have their own share, and clients with a key another one.
    expect(await ask(requestText(LARGE), "127.0.0.2")).toBe(200);
    expect(await ask(requestText("/executions"))).not.toBe(429);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(async () => (await ask(requestText(LARGE))) === 200);
  });

  it("have one bound, from however many addresses they are asked for", async () => {
    const count = await askUntilRefused(requestText(LARGE).repeat(3), (n) => `127.0.1.${n + 1}`);
    expect(count).toBeLessThan(40);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(async () => (await ask(requestText(LARGE))) === 200);
  });

  it("are forgotten with their connection, whoever else has answers on that", () => {
    const unread = new UnreadResponses();
    const socket = Object.assign(new EventEmitter(), { bytesWritten: 0, destroyed: false });
    const names = ["192.0.2.1", "192.0.2.2"];
    for (const name of names) {
      const outgoing = Object.assign(new EventEmitter(), {
        headersSent: true,
        writableLength: 1_000_000_000,
      });
      const bindings = { outgoing, incoming: { socket } } as unknown as HttpBindings;
      unread.begin({ name, isAnonymous: true }, bindings);
    }
    const check = (): void => unread.check({ name: "192.0.2.3", isAnonymous: true }, 1);
    expect(check).toThrow("unread");
    socket.destroyed = true;
    socket.emit("close");
    check();
  });
});
