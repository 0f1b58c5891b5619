/** Tests requests that ask for an upgrade, as a server passes them on. */
import type { RequestListener, Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { guardedServer } from "../../../../../server/http/connections/guarded-server.ts";
import { upgradeOf } from "../../../../../server/http/connections/upgrades.ts";
import { until } from "../../../../contract/engine-contract.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server: Server = guardedServer()({}, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.closeAllConnections());
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const echo: RequestListener = async (incoming, outgoing) => {
  let body = "";
  for await (const chunk of incoming) body += chunk;
  outgoing.end(`[${incoming.method} ${body} ${upgradeOf(incoming) !== undefined}]`);
};

const H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";

describe("a request for another protocol", () => {
  it("is answered as if it had not asked, with its body, and the connection goes on", async () => {
    const url = await listen(echo);
    const post = `POST / HTTP/1.1\r\nHost: a\r\n${H2C}Content-Length: 4\r\n\r\nbody`;
    const chunked = `POST / HTTP/1.1\r\nHost: a\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`;
    const get = `GET / HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`;
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    closers.push(() => socket.destroy());
    let text = "";
    socket.on("data", (data) => (text += data));
    const answers = (): string[] => text.match(/\[.*?\]/g) ?? [];
    // One by one: Node drops what is sent together with such a request.
    for (const [index, request] of [post, chunked, get, get].entries()) {
      socket.write(request);
      await until(() => answers().length > index);
    }
    expect(answers()).toEqual([
      "[POST body false]",
      "[POST ab false]",
      "[GET  false]",
      "[GET  false]",
    ]);
  });
});

describe("requests that wait behind others of their connection", () => {
  it("learn that the client has gone", async () => {
    const closed: (string | undefined)[] = [];
    const seen: (string | undefined)[] = [];
    const url = await listen((incoming, outgoing) => {
      seen.push(incoming.url);
      outgoing.once("close", () => closed.push(incoming.url));
      outgoing.write("x");
    });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    for (const path of ["/a", "/b", "/c"]) socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until(() => seen.length === 3);
    socket.destroy();
    await until(() => closed.length === 3);
  });
});
