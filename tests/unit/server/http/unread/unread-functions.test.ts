/**
 * Tests answers of HTTP functions that are read slowly or not at all. Behind a proxy, all clients
 * have one address.
 */
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../../../../server/app.ts";
import { until } from "../../../../contract/engine-contract.ts";
import { ControlPlane } from "../../../../helpers/control-plane.ts";
import { listenGuarded } from "../../../../helpers/guarded-app.ts";

const CODE = "export default () => new Response()";
const CHUNK = new Uint8Array(65_536);
const EIGHT = 8_388_608;
const sockets: Socket[] = [];
const servers: Server[] = [];
const keys: Record<string, string> = {};
let plane: ControlPlane;
let small: number;
let usual: number;
/** Callbacks that end the streams that stay open. */
const ends: (() => void)[] = [];

beforeAll(async () => {
  plane = await ControlPlane.open();
  const { services, tenancy, tenant } = plane.serve();
  plane.behave = async ({ httpRequest: http }, options) => {
    const [, bytes = "0", stays] = /\/(\d+)(\/stays)?$/.exec(http?.url ?? "") ?? [];
    options.responseReceiver?.onHead({ status: 200, headers: [] });
    for (let sent = 0; sent < Number(bytes); sent += CHUNK.length) {
      await options.responseReceiver?.onChunk(CHUNK);
    }
    if (stays) await new Promise<void>((resolve) => ends.push(resolve));
    return {};
  };
  for (const id of ["acme", "rival"]) {
    const { put, authorization } = await tenant(id, { concurrency: 200 });
    keys[id] = authorization;
    for (const [name, isPublic] of [
      ["site", true],
      ["own", false],
    ] as const) {
      const body = { code: CODE, kind: "http", public: isPublic };
      expect((await put(`/functions/${name}`, body)).status).toBe(201);
    }
  }
  const listen = async (maxUnread?: number): Promise<number> => {
    const onError = (): void => {};
    const app = buildApp({ services, tenancy, maxBody: 100_000, onError, maxUnread });
    const server = await listenGuarded(app);
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  // Clients without a key get 8 MiB, and 32 with the kernel's buffers.
  [small, usual] = [await listen(16_777_216), await listen()];
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const end of ends.splice(0)) end();
});
afterAll(async () => {
  for (const server of servers) server.close();
  await plane.close();
});

/** Sends a request. Reads only the first line of the answer, or all of it. */
function ask(
  port: number,
  path: string,
  options: { key?: string; reads?: (bytes: number) => void; from?: string } = {},
) {
  const { key, reads, from = "127.0.0.1" } = options;
  return new Promise<number>((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    sockets.push(socket);
    socket.on("error", reject).once("data", (data) => {
      if (reads === undefined) socket.pause();
      resolve(Number(String(data).split(" ")[1]));
    });
    if (reads !== undefined) socket.on("data", (data) => reads(data.length));
    const more = key === undefined ? "" : `Authorization: ${key}\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
  });
}

/** Sends requests until one is refused. Resolves with the number of answers before. */
async function askUntilRefused(path: string, from: (n: number) => string = () => "127.0.0.1") {
  for (let count = 0; count < 80; count += 1) {
    const status = await ask(small, path, { from: from(count) });
    if (status === 429) return count;
    expect(status).toBe(200);
  }
  return 80;
}

describe("unread answers of HTTP functions", () => {
  it("end before memory does, whatever the addresses, and keep out nobody else's callers", async () => {
    const count = await askUntilRefused(`/f/acme/site/${EIGHT}`, (n) => `127.0.2.${n + 1}`);
    expect(count).toBeGreaterThan(1);
    expect(count).toBeLessThan(20);
    expect(await ask(small, "/f/rival/site/1")).toBe(200);
    // Callers with a key have their own room.
    expect(await ask(small, "/f/acme/own/1", { key: keys.acme as string })).toBe(200);
    expect(await ask(small, "/f/acme/site/1", { key: keys.acme as string })).toBe(200);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(async () => (await ask(small, "/f/acme/site/1")) === 200);
  });

  it("leave some of a tenant's room to other addresses", async () => {
    expect(await askUntilRefused(`/f/acme/site/${EIGHT}`)).toBeLessThan(20);
    expect(await ask(small, "/f/acme/site/1", { from: "127.0.0.2" })).toBe(200);
  });

  it("have their room whoever reads no pages at the same address", async () => {
    expect(await askUntilRefused("/docs/swagger-ui-bundle.js")).toBeLessThan(40);
    expect(await ask(small, "/f/acme/site/1")).toBe(200);
    expect(await ask(small, "/f/acme/own/1", { key: keys.acme as string })).toBe(200);
  });

  it("with a key are bounded among those of their tenant", async () => {
    let status = 200;
    let count = 0;
    for (; status === 200 && count < 80; count += 1) {
      status = await ask(small, `/f/acme/site/${EIGHT}`, { key: keys.acme as string });
    }
    expect(status).toBe(429);
    expect(await ask(small, "/f/acme/site/1")).toBe(200);
    expect(await ask(small, "/f/rival/own/1", { key: keys.rival as string })).toBe(200);
  });
});

describe("streams that are read promptly", () => {
  it.each([undefined, "acme"])("keep nobody out, however much they have sent: %s", async (id) => {
    const key = id === undefined ? {} : { key: keys[id] as string };
    let read = 0;
    const reads = (bytes: number): void => {
      read += bytes;
    };
    const path = `/f/acme/site/${EIGHT}/stays`;
    for (let streams = 1; streams <= 40; streams += 1) {
      expect(await ask(usual, path, { ...key, reads })).toBe(200);
      // Read before the next one begins, because this process is reader and server in one.
      await until(() => read >= streams * EIGHT);
    }
    expect(await ask(usual, "/f/acme/site/1", { ...key })).toBe(200);
  });
});
