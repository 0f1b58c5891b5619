/** Tests connections of clients to code, and heads of responses, without a sandbox. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ClientSocket } from "../../../../server/functions/http/client-socket.ts";
import { responseHeaders } from "../../../../server/functions/http/headers.ts";
import { mountOf } from "../../../../server/functions/http/mount.ts";
import { guardedServer } from "../../../../server/http/connections/guarded-server.ts";
import { type Upgrade, upgradeOf } from "../../../../server/http/connections/upgrades.ts";
import type { SocketEvent } from "../../../../src/protocol/socket.ts";
import { until } from "../../../contract/engine-contract.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Connects a client to a socket whose code handles no message. */
async function connected(pingEvery = 20_000) {
  const events: SocketEvent[] = [];
  const server: Server = guardedServer()({}, (incoming) => {
    const upgrade = upgradeOf(incoming) as Upgrade;
    const socket = new ClientSocket({ upgrade, maxBytes: 9e6, pingEvery, onGone: () => {} });
    socket.connect((event) => events.push(event));
    socket.accept(incoming, new Headers());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closers.push(
    () => server.close(),
    () => client.terminate(),
  );
  await once(client, "open");
  return { client, events };
}

it("ends a client whose pongs have no end", async () => {
  const { client } = await connected();
  const closed = once(client, "close");
  client.send("a", { fin: false });
  for (let round = 0; round < 110; round += 1) {
    for (let n = 0; n < 1_000 && client.readyState === client.OPEN; n += 1) client.pong();
    await sleep(1);
  }
  expect((await closed)[0]).toBe(1008);
});

it("keeps a client that waits for code, and so cannot answer a ping", async () => {
  const { client, events } = await connected(50);
  for (let n = 0; n < 4; n += 1) client.send(Buffer.alloc(200_000));
  await until(() => events.length === 2);
  await sleep(300);
  expect([client.readyState, events.map(({ op }) => op)]).toEqual([
    client.OPEN,
    ["open", "message"],
  ]);
});

it.each([204, 205])("a response of status %i promises no bytes", (status) => {
  const mount = mountOf({ tenant: "a", name: "f" }, "http://h/f/a/f/", undefined, true);
  const head = { status, headers: [["content-length", "9"]] as const };
  expect(responseHeaders(head, mount).has("content-length")).toBe(false);
});
