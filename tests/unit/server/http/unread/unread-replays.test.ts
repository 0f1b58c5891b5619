import type { Server, ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { buildApp } from "../../../../../server/app.ts";
import { Threads } from "../../../../../server/store/pglite/threads.ts";
import { sample } from "../../../../contract/case-choice.ts";
import { until } from "../../../../contract/engine-contract.ts";
import { ControlPlane } from "../../../../helpers/control-plane.ts";
import { listenGuarded } from "../../../../helpers/guarded-app.ts";

const RESULT = "x".repeat(2_000_000);
const sockets: Socket[] = [];
let plane: ControlPlane;
let server: Server;
let key: string;

beforeAll(async () => {
  plane = await ControlPlane.open();
  plane.behave = async () => ({ result: JSON.stringify(RESULT) });
  const { services, tenancy, tenant } = plane.serve();
  key = (await tenant("acme")).authorization;
  // Half of 32 MiB is left for others: 8 answers in this process, 32 with the kernel's buffers.
  const options = { maxBody: 100_000, onError: () => {}, maxUnread: 33_554_432 };
  const app = buildApp({ services, tenancy, ...options });
  server = await listenGuarded(app);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await plane.close();
});

function post(path: string, body: object, headers: Record<string, string>): string {
  const text = JSON.stringify(body);
  const all = { ...headers, Authorization: key, "Content-Type": "application/json" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `Host: localhost\r\nContent-Length: ${text.length}\r\n${lines.join("")}`;
  return `POST ${path} HTTP/1.1\r\n${head}\r\n${text}`;
}

/** Sends a text. Reads only the first line of the answer. */
function ask(text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    sockets.push(socket);
    socket.once("error", reject).once("data", (data) => {
      socket.pause();
      resolve(Number(String(data).split(" ")[1]));
    });
    socket.write(text);
  });
}

/** Returns the bytes of answers outside of the heap. */
const outside = (): number => process.memoryUsage().arrayBuffers;

afterEach(() => {
  vi.restoreAllMocks();
  for (const socket of sockets.splice(0)) socket.destroy();
});

describe("a stored answer that is asked for again and again, and not read", () => {
  it.each(
    sample(
      [
        ["/execute", { code: "1" }, "application/json"],
        ["/execute", { code: "1" }, "text/event-stream"],
        ["/execute/batch", { requests: [{ code: "1" }] }, "application/json"],
      ],
      3,
    ),
  )("of %s ends before memory does: %j, %s", async (path, body, accept) => {
    const name = `${path}-${accept}`;
    const request = post(path, body, { Accept: accept, "Idempotency-Key": name });
    expect(await ask(request)).toBe(200);
    await until(() => ask(request).then((status) => status === 200));
    for (const socket of sockets.splice(0)) socket.destroy();
    const before = outside();
    // The first answers of all connections also exceed the kernel's buffers.
    const statuses = await Promise.all(Array.from({ length: 40 }, () => ask(request.repeat(4))));
    expect(statuses).toContain(200);
    expect(statuses).toContain(429);
    expect(outside() - before).toBeLessThan(50_000_000);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(() => ask(request).then((status) => status === 200));
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it("is read from the store for those that have room for it alone, one at a time", async () => {
    const body = { requests: [{ code: "1" }] };
    const request = post("/execute/batch", body, { "Idempotency-Key": "reads" });
    expect(await ask(request)).toBe(200);
    await until(() => ask(request).then((status) => status === 200));
    for (const socket of sockets.splice(0)) socket.destroy();
    const read = { answers: 0, now: 0, most: 0, begins: 0, mostBegins: 0 };
    const call = Threads.prototype.call;
    vi.spyOn(Threads.prototype, "call").mockImplementation(async function (this: Threads, ...args) {
      if (args[0] !== "idempotency") return call.apply(this, args);
      const [now, most] =
        args[1] === "begin" ? (["begins", "mostBegins"] as const) : (["now", "most"] as const);
      read[now] += 1;
      read[most] = Math.max(read[most], read[now]);
      const told = await call.apply(this, args);
      read[now] -= 1;
      if (JSON.stringify(told ?? null).length >= RESULT.length) read.answers += 1;
      return told;
    });
    let given = 0;
    const countGiven = (_request: unknown, response: ServerResponse): void => {
      const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
      response.writeHead = (...args: unknown[]) => {
        if (args[0] === 200) given += 1;
        return writeHead(...args);
      };
    };
    server.prependListener("request", countGiven);
    // As above, because the kernel's buffers may hold one answer of each connection.
    const statuses = await Promise.all(Array.from({ length: 40 }, () => ask(request.repeat(4))));
    server.off("request", countGiven);
    expect(statuses).toContain(200);
    expect(statuses).toContain(429);
    expect(given).toBeGreaterThan(0);
    // One more may have been read, and its answer not be begun.
    expect(read.answers - given).toBeLessThanOrEqual(1);
    expect([read.most, read.mostBegins]).toEqual([1, 1]);
  });
});
