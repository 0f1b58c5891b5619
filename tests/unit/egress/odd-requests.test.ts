import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Cleanup, Client, echo, startProxy, startUpstream } from "../../helpers/egress.ts";
import { runs } from "../../helpers/fuzz.ts";

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

const HOSTS = [
  "up.test",
  "evil.test",
  "127.0.0.1",
  "127.1",
  "[::1]",
  "localhost",
  "169.254.169.254",
];
const MARKS = [":", "@", "/", "\\", "#", "?", "%", ".", ":80", ":443", "\0", "\t", " ", "*"];
const PIECES = [
  "CONNECT ",
  "GET ",
  "POST ",
  "http://",
  "https://",
  " HTTP/1.1",
  " HTTP/1.0",
  "\r\n",
  "\r\n\r\n",
  "\n",
  "\r",
  "Host: evil.test",
  "Content-Length: 5",
  "Transfer-Encoding: chunked",
  "Connection: upgrade",
  "Upgrade: websocket",
  "5\r\nhello\r\n0\r\n\r\n",
];

describe("a soup of bytes", () => {
  it("crashes nothing and leads nowhere but where the policy allows", async () => {
    const upstream = await startUpstream(cleanup, echo);
    const port = `:${upstream.port}`;
    const asked = new Set<string>();
    const proxy = await startProxy(cleanup, {
      private: [`up.test${port}`],
      limits: { headTimeoutMs: 1_000, totalTunnels: 1_000_000 },
      resolver: async (name) => {
        asked.add(name);
        return ["127.0.0.1"];
      },
    });
    const path = await proxy.open([`up.test${port}`]);

    const piece = fc.oneof(
      fc.constantFrom(...PIECES, ...HOSTS, ...MARKS, port, port),
      fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    const authority = fc
      .array(fc.constantFrom(...HOSTS, ...MARKS, port), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join(""));
    const soup = fc.oneof(
      fc.array(piece, { maxLength: 20 }).map((parts) => parts.join("")),
      authority.map((text) => `CONNECT ${text} HTTP/1.1\r\n\r\n`),
      authority.map((text) => `GET http://${text} HTTP/1.1\r\n\r\n`),
      fc.constant(`CONNECT up.test${port} HTTP/1.1\r\n\r\nhello`),
    );
    await fc.assert(
      fc.asyncProperty(soup, async (text) => {
        const client = new Client(path);
        client.socket.end(Buffer.from(text, "latin1"));
        await client.closed;
        if (text !== "") expect(client.text).toMatch(/^HTTP\/1\.1 [2-5]\d\d /);
      }),
      { numRuns: runs(500) },
    );

    expect([...asked]).toEqual(["up.test"]);
    const allowed = proxy.records.filter(({ code }) => code === "ALLOWED");
    expect(allowed.length).toBeGreaterThan(0);
    expect(new Set(allowed.map(({ host, port }) => `${host}:${port}`))).toEqual(
      new Set([`up.test${port}`]),
    );
    // It still serves afterwards.
    const report = await proxy.admin.close("run1");
    expect(report.tunnels).toBe(upstream.sockets.length);
  });
});
