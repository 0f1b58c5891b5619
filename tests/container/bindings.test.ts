/** Tests bindings in real containers: the code of a sandbox has no secret, and its host gets it. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import type { EgressBinding } from "../../src/protocol/egress-bindings.ts";
import { withTunnels } from "../../src/protocol/tunnels.ts";
import { until } from "../contract/engine-contract.ts";
import { TestAuthority } from "../helpers/certificates.ts";
import { docker } from "../helpers/containers.ts";
import { Cleanup, listenLocally } from "../helpers/egress.ts";
import { EgressSite, grants, runIn } from "./egress-site.ts";

const SECRET = "sk-live-0123456789abcdef";
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const authority = new TestAuthority();
const cleanup = new Cleanup();
let site: EgressSite;
let port: number;

/** Answers with what it received in base64, redirects `/to`, and takes every WebSocket. */
function serve(socket: Socket): void {
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (!text.includes("\r\n\r\n")) return;
    const key = /^sec-websocket-key: (.*)\r$/im.exec(text)?.[1];
    const seen = Buffer.from(text).toString("base64");
    text = "";
    if (key !== undefined) {
      const accept = createHash("sha1")
        .update(key + MAGIC)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(
        Buffer.concat([
          Buffer.from([0x81, 126, seen.length >> 8, seen.length & 255]),
          Buffer.from(seen),
        ]),
      );
      return;
    }
    const to = /GET \/to/.test(Buffer.from(seen, "base64").toString());
    const head = to
      ? `HTTP/1.1 302 Found\r\nLocation: https://other.example:${port}/landed\r\nX-Echo: ${SECRET}`
      : "HTTP/1.1 200 OK";
    socket.end(`${head}\r\nContent-Length: ${seen.length}\r\n\r\n${seen}`);
  });
}

beforeAll(async () => {
  const server = createTlsServer(authority.identity("up.example"), serve);
  const other = authority.identity("other.example");
  server.addContext("other.example", other);
  port = await listenLocally(server);
  cleanup.add(() => server.close());
  const names = [`up.example:${port}`, `other.example:${port}`];
  const real = await ensureRunnerImage(docker, await readRunner(), () => {});
  site = await EgressSite.open({
    images: { real, open: real },
    egress: {
      hosts: { "up.example": "127.0.0.1", "other.example": "127.0.0.1" },
      private: names,
      ca: authority.certificate,
    },
  });
  cleanup.add(() => site.close());
});
afterAll(() => cleanup.run());

function granted(changes: Partial<EgressBinding> | undefined) {
  const names = [`up.example:${port}`, `other.example:${port}`];
  const binding: EgressBinding = {
    host: `up.example:${port}`,
    scheme: "https",
    header: "X-Api-Key",
    format: "Key {}",
    secret: SECRET,
    ...changes,
  };
  return { ...grants(withTunnels(names), names), ...(changes && { bindings: [binding] }) };
}

/** Code that asks the host once. It trusts the host's own authority, too. */
const GET = `export default async ({ up, ca }) => {
  const client = Deno.createHttpClient({ caCerts: [ca] });
  return await fetch("https://" + up + "/v1", { client }).then((r) => r.text(), (e) => String(e.cause));
}`;

const seen = (text: unknown) => Buffer.from(String(text), "base64").toString();

describe("code with a binding", () => {
  it("has its header put on by every client, and nowhere else", async () => {
    const sandbox = await site.launch("real");
    cleanup.add(() => sandbox.destroy());
    const code = `
      import http2 from "node:http2";
      import https from "node:https";
      import tls from "node:tls";
      const byNode = (options) => new Promise((resolve) => {
        const text = async (response) => resolve(await new Response(response).text());
        https.get("https://" + up + "/node", options, text).on("error", (error) => resolve(error.message));
      });
      const speaking = (options) => new Promise((resolve) => {
        const socket = tls.connect({ ...options, host: "up.example", port }, () => {
          socket.end("GET /tls HTTP/1.1\\r\\nHost: " + up + "\\r\\n\\r\\n");
        });
        let text = "";
        socket.on("data", (bytes) => { text += bytes; });
        socket.on("end", () => resolve([socket.alpnProtocol, text])).on("error", (error) => resolve(error.message));
      });
      let up, port;
      const failed = (error) => String(error?.cause ?? error);
      export default async ({ other, ca, ...to }) => {
        ({ up, port } = to);
        const own = { headers: { "x-api-key": "placeholder" } };
        const fetched = await fetch("https://" + up + "/v1", own).then((r) => r.text(), failed);
        const request = "GET /deno HTTP/1.1\\r\\nHost: " + up + "\\r\\n\\r\\n";
        const conn = await Deno.connectTls({ hostname: "up.example", port });
        await conn.write(new TextEncoder().encode(request));
        const deno = await new Response(conn.readable).text();
        const socket = await new Promise((resolve) => {
          const ws = new WebSocket("wss://" + up + "/socket");
          ws.onmessage = ({ data }) => resolve(data);
          ws.onerror = (event) => resolve("failed: " + event.message);
        });
        const client = Deno.createHttpClient({ caCerts: [ca] });
        const redirected = await fetch("https://" + up + "/to", { client }).then((r) => r.text(), failed);
        const moved = await fetch("https://" + up + "/to", { redirect: "manual" });
        const echoed = moved.headers.get("x-echo");
        await moved.body.cancel();
        const direct = await fetch("https://" + other + "/x", { client }).then((r) => r.text(), failed);
        const node = await byNode({ headers: own.headers });
        const agent = await byNode({ agent: new https.Agent({ keepAlive: true }) });
        const [protocol, spoken] = await speaking({ ALPNProtocols: ["h2", "http/1.1"] });
        const second = await new Promise((resolve) => {
          http2.connect("https://" + up).on("error", (error) => resolve(error.message));
        });
        return { fetched, deno, socket, redirected, direct, echoed, node, agent, protocol, spoken, second };
      };`;
    const input = {
      up: `up.example:${port}`,
      other: `other.example:${port}`,
      port,
      ca: authority.certificate,
    };
    const first = await runIn(sandbox, granted({}), code, input, "first", true);
    expect(first.ending).toMatchObject({ type: "result" });
    const told = first.result as Record<string, string>;
    const bodyOf = (answer = "") => answer.slice(answer.indexOf("\r\n\r\n") + 4);
    expect(seen(told.fetched)).toMatch(/^GET \/v1 HTTP\/1\.1\r\n/);
    expect([told.protocol, told.second]).toEqual(["http/1.1", expect.stringMatching(/NoAppl/)]);
    const byNode = [told.node, told.agent, bodyOf(told.spoken)];
    for (const text of [told.fetched, bodyOf(told.deno), told.socket, ...byNode]) {
      expect(seen(text).match(/x-api-key: .*/gi)).toEqual([`X-Api-Key: Key ${SECRET}`]);
    }
    expect(told.echoed).toBe("***");
    for (const text of [told.redirected, told.direct]) {
      expect(seen(text)).toContain("host: other.example");
      expect(seen(text)).not.toMatch(/x-api-key/i);
    }
    expect(JSON.stringify(told)).not.toContain(SECRET);

    // The same sandbox for code of another run, without a binding: the tunnel leads to the host itself.
    expect(await sandbox.renew?.()).toBe(true);
    const second = await runIn(sandbox, granted(undefined), GET, input, "second", true);
    expect(seen(second.result)).toMatch(/^GET \/v1 HTTP\/1\.1\r\n/);
    expect(seen(second.result)).not.toMatch(/x-api-key|sk-live/i);
    expect(await sandbox.renew?.()).toBe(true);

    // A proxy that has started anew has another authority. The used sandbox trusts the earlier one.
    await site.killProxy();
    await until(() => site.sidecar.up);
    const stale = await runIn(sandbox, granted({}), GET, input, "third");
    expect(stale.result).toMatch(/invalid peer certificate/);
    const fresh = await site.run("real", granted({}), GET, input);
    expect(seen(fresh.result)).toContain(`X-Api-Key: Key ${SECRET}`);
  });
});
