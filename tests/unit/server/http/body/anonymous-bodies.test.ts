import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { bodies } from "../../../../../server/http/body/bodies.ts";
import { NO_LIMITS } from "../../../../../server/tenants/limits.ts";
import { until } from "../../../../contract/engine-contract.ts";

const sockets: Socket[] = [];
let server: Server;
let begun = 0;

/** Starts a server that reads bodies without a key, for the tenant in the path. */
beforeAll(async () => {
  const { withBytes } = bodies(1_000_000);
  server = createServer((incoming, outgoing) => {
    begun += 1;
    const request = new Request("http://localhost/", { method: "POST" });
    const tenant = { id: incoming.url ?? "", since: 0 };
    const caller = { tenant, limits: NO_LIMITS } as never;
    const source = { request, connection: { incoming, outgoing } };
    withBytes(source, async () => "200", { caller, isAnonymous: true }).then(
      (text) => outgoing.end(text),
      ({ code }) => outgoing.end(code),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => server.close());

function send(path: string, body: string): Socket {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket.on("error", () => {}));
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n${body}`);
  return socket;
}

/** Sends one byte of two, that many times. */
async function sendUnfinished(path: string, count: number): Promise<void> {
  const before = begun;
  for (let n = 0; n < count; n += 1) send(path, "x");
  await until(() => begun === before + count);
}

async function answerTo(path: string): Promise<string> {
  const socket = send(path, "xx");
  const data = await new Promise((resolve) => socket.once("data", resolve));
  return /(\w+)(\s+0\s+)?$/.exec(String(data).trimEnd())?.[1] ?? "";
}

it("unfinished bodies for one tenant keep out no other tenant's behind the same proxy", async () => {
  await sendUnfinished("/acme", 32);
  expect(await answerTo("/acme")).toBe("BODIES_UNFINISHED");
  expect(await answerTo("/rival")).toBe("200");
});

it("unfinished bodies of one address have a bound, whoever they are for", async () => {
  await until(async () => (await answerTo("/acme")) === "200");
  for (let n = 0; n < 8; n += 1) await sendUnfinished(`/tenant-${n}`, 32);
  expect(await answerTo("/rival")).toBe("BODIES_UNFINISHED");
});
