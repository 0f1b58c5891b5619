import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ownTime } from "../helpers/own-time.ts";
import { TestServer } from "../helpers/server.ts";
import { OPERATOR_KEY, tenantOf } from "../helpers/tenant-of.ts";

const BUNDLE = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
const SITE = "/f/acme/site/";
const sockets: Socket[] = [];
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ ISOLATE_ENGINE: "none", ISOLATE_ADMIN_KEY: OPERATOR_KEY });
  const acme = await tenantOf(server, "acme", { sandbox: ["isolated"] });
  const code = `export default ({ url }) => url.endsWith("/slow") ? new Promise(() => {}) : new Response()`;
  const body = { code, kind: "http", public: true };
  expect((await acme.ask("PUT", "/functions/site", body)).status).toBe(201);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await sleep(500);
});
afterAll(() => server.dispose());

function open(): Socket {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  return socket.on("error", () => {});
}

/** Reads the server's resident memory in MB. */
async function resident(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1_024;
}

/** Runs `attack`, and measures meanwhile how long others wait and how much memory grows. */
async function during(attack: () => Promise<unknown>): Promise<{ waited: number; grown: number }> {
  const before = await resident();
  let [waited, most, isOver] = [0, before, false];
  const attacking = attack().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const taken = ownTime(server.pid);
    // A new connection, because the server may be about to close one that it has kept open.
    const response = await fetch(`${server.url}/healthz`, { headers: { connection: "close" } });
    expect(response.status).toBe(200);
    waited = Math.max(waited, taken());
    most = Math.max(most, await resident());
    await sleep(20);
  }
  await attacking;
  return { waited, grown: most - before };
}

describe("somebody without a key who", () => {
  it("sends bodies in chunks of one byte takes no memory for each", async () => {
    const chunks = "1\r\nx\r\n".repeat(500_000);
    const { grown, waited } = await during(async () => {
      for (let n = 0; n < 8; n += 1) {
        const socket = open();
        socket.write(`POST ${SITE} HTTP/1.1\r\nHost: localhost\r\n`);
        socket.write(`Transfer-Encoding: chunked\r\n\r\n${chunks}`);
      }
      await sleep(3_000);
    });
    expect(grown).toBeLessThan(200);
    expect(waited).toBeLessThan(500);
  });

  it("sends them with what has no use for a body takes none either, however long that is under way", async () => {
    const chunks = "1\r\nx\r\n".repeat(60_000);
    const head = `GET ${SITE}slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const calls = Array.from({ length: 40 }, open);
    for (const call of calls) call.write(head);
    // Waits for the executions, because what they take themselves does not count.
    await sleep(1_500);
    const { grown } = await during(async () => {
      for (const call of calls) call.write(chunks);
      await sleep(2_000);
    });
    expect(grown).toBeLessThan(150);
  });

  it("pipelines thousands of requests keeps nobody else waiting", async () => {
    const waits: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { waited } = await during(async () => {
        const socket = open();
        socket.resume().write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20_000));
        await new Promise((resolve) => socket.once("close", resolve));
      });
      waits.push(waited);
    }
    // A fault of the server would show each time.
    expect(Math.min(...waits)).toBeLessThan(500);
  });

  it.each([
    ["on one connection", 1, 1_500],
    ["on many", 200, 3],
  ])(
    "asks for large answers and reads none has few of them in memory: %s",
    async (_, many, each) => {
      const { grown } = await during(async () => {
        for (let n = 0; n < many; n += 1) open().pause().write(BUNDLE.repeat(each));
        await sleep(4_000);
      });
      expect(grown).toBeLessThan(250);
    },
  );
});
