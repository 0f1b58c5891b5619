/** Tests that connections end when they are idle, and not while a request waits to be read. */
import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { guardedServer } from "../../../../../server/http/connections/guarded-server.ts";

const IDLE = 20;
/** Milliseconds longer than that, and than the second that Node adds. */
const PAUSE = 1_300;
const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Opens a connection on which one request has been answered. */
async function answeredOnce(listener: RequestListener): Promise<Socket> {
  server = guardedServer()({ keepAliveTimeout: IDLE }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(REQUEST);
  await once(socket, "data");
  return socket;
}

/** Stops the whole process, as a machine without a free processor does. */
function pause(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

it("answers a request that came before the time was over, although the process stood still", async () => {
  const socket = await answeredOnce((_incoming, outgoing) => void outgoing.end("answer"));
  // The kernel takes it at once, so that it waits there while the time passes.
  socket.write(REQUEST);
  pause(PAUSE);
  const [answer] = (await Promise.race([once(socket, "data"), once(socket, "close")])) as unknown[];
  expect(String(answer)).toContain("200 OK");
});

it("ends a connection without a request", async () => {
  const socket = await answeredOnce((_incoming, outgoing) => void outgoing.end("answer"));
  socket.resume();
  await once(socket, "close");
});

it("ends one that begins a request and says no more", async () => {
  const socket = await answeredOnce((_incoming, outgoing) => void outgoing.end("answer"));
  socket.resume().write("GET / HT");
  await once(socket, "close");
});
