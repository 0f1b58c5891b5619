import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { RawClient } from "../../../bench/raw-client.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Serves what is given, in pieces, to each request; the connections are counted. */
async function serve(pieces: readonly string[]) {
  const seen: string[] = [];
  let connections = 0;
  const server = createServer((socket: Socket) => {
    connections += 1;
    socket.on("error", () => {});
    socket.on("data", async (chunk) => {
      seen.push(chunk.toString());
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = await RawClient.open(origin, new AbortController().signal, "key");
  closers.push(
    () => client.close(),
    () => server.close(),
  );
  return { client, seen, connections: () => connections };
}

it("reads answers with a length, one after the other on a connection", async () => {
  const { client, seen, connections } = await serve([
    "HTTP/1.1 200 OK\r\nContent-Le",
    'ngth: 16\r\n\r\n{"result"',
    ':"ä"}\n',
  ]);
  for (let n = 0; n < 2; n += 1) {
    expect(await client.post("/a", { x: "ä" })).toMatchObject({
      status: 200,
      body: { result: "ä" },
    });
  }
  expect(connections()).toBe(1);
  expect(seen[0]).toContain("authorization: Bearer key");
  expect(seen[0]).toContain('content-length: 10\r\n\r\n{"x":"ä"}');
});

it("reads answers in chunks", async () => {
  const { client } = await serve([
    'HTTP/1.1 503 X\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{"ok":',
    "\r\n6\r\nfalse}\r\n0\r",
    "\n\r\n",
  ]);
  expect(await client.get("/")).toMatchObject({ status: 503, body: { ok: false } });
  expect(await client.get("/")).toMatchObject({ status: 503, body: { ok: false } });
});

it("says that a connection was closed", async () => {
  const { client } = await serve(["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"]);
  const answer = client.get("/");
  setTimeout(() => client.close(), 20);
  await expect(answer).rejects.toThrow("closed the connection");
});
