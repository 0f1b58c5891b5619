import { spawn } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DecisionRecord } from "../../../egress/decision-log.ts";
import { builtPath } from "../../../src/base/package-root.ts";
import { denoBinary, RUN_ALONE } from "../../../src/deno/deno.ts";
import { MAX_ADMIN_LINE } from "../../../src/protocol/egress-admin.ts";
import { TestAuthority } from "../../helpers/certificates.ts";
import {
  Cleanup,
  Client,
  directory,
  eventually,
  listenLocally,
  outcome,
  proxyAt,
  type StartedProxy,
  say,
  startProxy,
} from "../../helpers/egress.ts";

/** A bound host whose server shows what it received. The proxy runs in this process. */
const SECRET = "sk-live-0123456789abcdef";
const authority = new TestAuthority();
const cleanup = new Cleanup();

/** Starts the built proxy under Deno, as its container does. */
async function startUnderDeno(on: Cleanup, options: Parameters<typeof startProxy>[1] = {}) {
  const folder = await directory(on);
  const adminSocket = join(folder, "admin.sock");
  const flags = [...RUN_ALONE, "--allow-net", "--allow-sys=networkInterfaces"];
  const files = [`--allow-read=${folder},/etc/hosts,/etc/resolv.conf`, `--allow-write=${folder}`];
  const program = [builtPath("programs", "egress.js"), adminSocket, JSON.stringify(options)];
  const child = spawn(denoBinary(), [...flags, ...files, ...program], {
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
  });
  on.add(() => child.kill("SIGKILL"));
  const records: DecisionRecord[] = [];
  await new Promise<void>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      records.push(JSON.parse(line));
      resolve();
    });
  });
  return proxyAt(folder, records);
}

const STARTS = [
  ["Node", startProxy],
  ["Deno", startUnderDeno],
] as const;

describe.each(STARTS)("a proxy under %s", (_runtime, start) => {
  let proxy: StartedProxy;
  let port: number;
  let plainPort: number;
  let path: string;
  /** Raw heads that the bound host received. */
  const received: string[] = [];

  /** Answers with the request's raw head, so that nothing of it is hidden by a parser. */
  function echoHeads(socket: Socket): void {
    let text = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      received.push(text);
      const key = /^authorization: (.*)$/im.exec(text)?.[1] ?? "none";
      socket.end(
        `HTTP/1.1 200 OK\r\nX-Echo: ${key}\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      );
    });
  }

  beforeAll(async () => {
    const server = createTlsServer(authority.identity("up.test"), echoHeads);
    port = await listenLocally(server);
    cleanup.add(() => server.close());
    const plain = createHttpServer((request, response) => {
      response.end(JSON.stringify(request.headers));
    });
    plainPort = await listenLocally(plain);
    cleanup.add(() => plain.close());
    const names = [`up.test:${port}`, `other.test:${port}`, `up.test:${plainPort}`];
    proxy = await start(cleanup, {
      hosts: { "up.test": "127.0.0.1", "other.test": "127.0.0.1" },
      private: names,
      ca: authority.certificate,
    });
    path = await proxy.open(names, "run1", [
      binding({ host: `up.test:${port}`, paths: ["/v1/**"], methods: ["GET", "POST"] }),
      binding({ host: `up.test:${plainPort}`, scheme: "http" }),
    ]);
    await eventually(() => proxy.admin.authority !== "");
  });
  afterAll(() => cleanup.run());

  function binding(changes: object): object {
    return {
      scheme: "https",
      header: "Authorization",
      format: "Bearer {}",
      secret: SECRET,
      ...changes,
    };
  }

  interface Asked {
    /** Socket of the run. */
    readonly via?: string;
    readonly target?: string;
    readonly servername?: string;
    readonly alpn?: string[];
  }

  /** Opens a tunnel, speaks TLS in it, and trusts only the proxy's own authority. */
  async function tunnel({ via = path, target = `up.test:${port}`, ...tls }: Asked = {}) {
    const raw = connectPlain({ path: via }).on("error", () => {});
    raw.write(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
    const head = await new Promise<string>((resolve) => {
      raw.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1")));
    });
    if (!head.startsWith("HTTP/1.1 200")) return { refused: outcome(head), raw };
    const { servername = "up.test", alpn = ["http/1.1"] } = tls;
    const socket = connect({
      socket: raw,
      servername,
      ca: proxy.admin.authority,
      ALPNProtocols: alpn,
      checkServerIdentity: () => undefined,
    });
    const failure = await new Promise<string | undefined>((resolve) => {
      socket.once("secureConnect", () => resolve(undefined));
      socket.once("error", (error) => resolve(error.message));
      socket.once("close", () => resolve("closed"));
    });
    return failure === undefined ? { socket, raw } : { failure, raw };
  }

  async function ask(text: string, asked: Asked = {}): Promise<string> {
    const { socket, refused, failure } = await tunnel(asked);
    if (socket === undefined) return refused ?? `TLS: ${failure}`;
    socket.on("error", () => {});
    socket.write(Buffer.from(text, "latin1"));
    return await all(socket);
  }

  async function all(socket: TLSSocket): Promise<string> {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => socket.once("close", resolve));
    return Buffer.concat(chunks).toString("latin1");
  }

  const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);
  const request = (line: string, ...fields: string[]) =>
    [line, `Host: up.test:${port}`, ...fields, "", ""].join("\r\n");

  /** Returns the values of the bound header that the host received last. */
  function keys(): string[] {
    return (received.at(-1)?.match(/^authorization: .*$/gim) ?? []).map((line) => line.slice(15));
  }

  describe("a binding over TLS", () => {
    it("puts the header on a matching request, in place of the code's own ones", async () => {
      const own = ["authorization: placeholder", "AUTHORIZATION: two", "Connection: authorization"];
      const answer = await ask(request("GET /v1/a?b=c HTTP/1.1", ...own));
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      const seen = bodyOf(answer);
      expect(seen).toContain(`GET /v1/a?b=c HTTP/1.1\r\nhost: up.test:${port}\r\n`);
      expect(seen.match(/authorization/gi)).toHaveLength(1);
      expect(keys()).toEqual([`Bearer ${SECRET}`]);
      // The head of the answer repeats the value, and is masked. Its body is not looked at.
      expect(answer).toContain("x-echo: Bearer ***\r\n");
    });

    it("forwards a body whole, and nothing behind it", async () => {
      const length = "Content-Length: 3";
      const smuggled = request("GET /v1/second HTTP/1.1");
      const answer = await ask(`${request("POST /v1/a HTTP/1.1", length)}abc${smuggled}`);
      expect(outcome(answer)).toBe("HTTP/1.1 200 OK");
      expect(received.at(-1)).not.toContain("second");
      expect(keys()).toEqual([`Bearer ${SECRET}`]);
    });

    it.each([
      ["another method", "DELETE /v1/a HTTP/1.1"],
      ["another path", "GET /v2/a HTTP/1.1"],
      ["a path that only begins alike", "GET /v1 HTTP/1.1"],
      ["another case", "GET /V1/a HTTP/1.1"],
      ["the path in its query", "GET /?/v1/a HTTP/1.1"],
    ])("leaves the header out for %s", async (_what, line) => {
      const answer = await ask(request(line, "Authorization: mine"));
      expect(outcome(answer)).toBe("HTTP/1.1 200 OK");
      expect(keys()).toEqual(["mine"]);
    });

    it.each([
      "/v1/../v2",
      "/v2/../v1/a",
      "/v1/./a",
      "/v1//a",
      "//v1/a",
      "/v1/%2e%2e/v2",
      "/v1/..%2fv2",
      "/v1/a%5cb",
      "/v1/a\\b",
      "/v1/a%00",
      "/v1/%76",
      "/v1/%252e%252e/v2",
      "/v1/..;/v2",
      "/v1/a;x=1",
      "/v1/%3b",
      "/v1/%3fq",
      "/v1/%zz",
      "/v1/a%",
      "/%76%31/a",
    ])("refuses the ambiguous path %s", async (path) => {
      const before = received.length;
      expect(outcome(await ask(request(`GET ${path} HTTP/1.1`)))).toBe("BINDING_PATH");
      expect(received).toHaveLength(before);
    });

    it.each([
      ["a folded header", "GET /v1/a HTTP/1.1", "X: a\r\n b"],
      ["a single line feed", "GET /v1/a HTTP/1.1", "X: a\nAuthorization: b"],
      ["a carriage return", "GET /v1/a HTTP/1.1", "X: a\rAuthorization: b"],
      ["a blank before the colon", "GET /v1/a HTTP/1.1", "Authorization : b"],
      ["two lengths", "POST /v1/a HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2"],
      [
        "a length and chunks",
        "POST /v1/a HTTP/1.1",
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
      ],
      ["two hosts", "GET /v1/a HTTP/1.1", "Host: evil.test"],
      ["HTTP/1.0", "GET /v1/a HTTP/1.0", "X: y"],
      ["an absolute URL", "GET https://up.test/v1/a HTTP/1.1", "X: y"],
      ["a fragment", "GET /v1/a#b HTTP/1.1", "X: y"],
      ["HTTP/2 by prior knowledge", "PRI * HTTP/2.0", "X: y"],
    ])("refuses %s", async (_what, line, field) => {
      const before = received.length;
      expect(outcome(await ask(request(line, field)))).toBe("BAD_REQUEST");
      expect(received).toHaveLength(before);
    });

    it("refuses methods that repeat the request or belong to proxies", async () => {
      for (const line of ["TRACE /v1/a HTTP/1.1", `CONNECT up.test:${port} HTTP/1.1`]) {
        expect(outcome(await ask(request(line)))).toBe("METHOD_NOT_ALLOWED");
      }
    });

    it("takes out what makes a server act by another method or path", async () => {
      const own = [
        ...["X-HTTP-Method-Override: DELETE", "X_Original_URL: /v2", "X-Rewrite-Url: /v2"],
        ...["X-Original-Method: DELETE", "X-Original-URI: /v2", "X-Override-URL: /v2"],
        ...["X-Forwarded-Uri: /v2", "X-Forwarded-Path: /v2", "X-Forwarded-Prefix: /v2"],
        ...["X-Forwarded-Method: DELETE", "X-HTTP-Path-Override: /v2"],
      ];
      await ask(request("POST /v1/a HTTP/1.1", ...own, "AUTHORIZATION: a", "X-Own: 1"));
      expect(received.at(-1)).not.toMatch(/override|original|rewrite|forwarded/i);
      expect(received.at(-1)).toContain("x-own: 1\r\n");
      expect(keys()).toEqual([`Bearer ${SECRET}`]);
    });

    it("refuses another host in the TLS connection or in the request", async () => {
      const line = "GET /v1/a HTTP/1.1";
      const before = received.length;
      expect(outcome(await ask(request(line), { servername: "other.test" }))).toBe("BINDING_HOST");
      for (const host of [
        "evil.test",
        "up.test",
        `up.test.:${port}`,
        `up.test:${port}@evil.test`,
      ]) {
        const answer = await ask(`${line}\r\nHost: ${host}\r\n\r\n`);
        expect([host, outcome(answer)]).toEqual([host, "BINDING_HOST"]);
      }
      expect(outcome(await ask(`${line}\r\n\r\n`))).toBe("BINDING_HOST");
      expect(received).toHaveLength(before);
    });

    it("offers no HTTP/2, and takes a client that offers both", async () => {
      const { failure } = await tunnel({ alpn: ["h2"] });
      expect(failure).toMatch(/no application protocol|closed|reset/i);
      const { socket } = await tunnel({ alpn: ["h2", "http/1.1"] });
      expect(socket?.alpnProtocol).toBe("http/1.1");
      socket?.destroy();
    });

    it("shows a certificate of this node for that host alone", async () => {
      const { socket } = await tunnel();
      const { issuer, subjectaltname, valid_to: end } = socket?.getPeerCertificate() ?? {};
      expect(issuer?.CN).toMatch(/^Isolate node [0-9a-f]{16}$/);
      expect(subjectaltname).toBe("DNS:up.test");
      expect(Date.parse(end ?? "") - Date.now()).toBeLessThan(25 * 3_600_000);
      socket?.destroy();
    });

    it("refuses bytes in the tunnel that are no TLS", async () => {
      const before = received.length;
      const line = request("GET /v1/a HTTP/1.1");
      for (const bytes of [line, "\0\0\0\x08\x04\xd2\x16\x2f", "SSH-2.0-x\r\n"]) {
        const client = new Client(path);
        client.write(`CONNECT up.test:${port} HTTP/1.1\r\n\r\n`);
        await client.until(/200 Connection Established\r\n\r\n/);
        client.write(bytes);
        await client.closed;
        expect(client.text).not.toMatch(/HTTP\/1\.1 200 OK/);
      }
      expect(outcome(await say(path, `CONNECT up.test:${port} HTTP/1.1\r\n\r\n\x16`))).toBe(
        "BINDING_PROTOCOL",
      );
      const plain = `GET http://up.test:${port}/v1/a HTTP/1.1\r\n\r\n`;
      expect(outcome(await say(path, plain))).toBe("BINDING_PROTOCOL");
      expect(received).toHaveLength(before);
    });

    it("does not concern other hosts, other ports and other spellings", async () => {
      for (const target of [`other.test:${port}`, `up.test:${plainPort}`]) {
        const { failure, refused } = await tunnel({ target });
        // The first leads to the host itself, whose certificate is not of this node.
        expect([failure !== undefined, refused]).toEqual(
          target.startsWith("other") ? [true, undefined] : [false, "BINDING_PROTOCOL"],
        );
      }
      const answer = await ask(request("GET /v1/a HTTP/1.1"), { target: `UP.test:${port}` });
      expect(outcome(answer)).toBe("HTTP/1.1 200 OK");
      expect(keys()).toEqual([`Bearer ${SECRET}`]);
    });

    it("is for its run alone", async () => {
      const via = await proxy.open([`up.test:${port}`], "run2");
      expect((await tunnel({ via })).failure).toBeDefined();
      const third = [
        binding({ host: `up.test:${port}`, header: "X-Key", secret: "another-secret" }),
      ];
      const other = await proxy.open([`up.test:${port}`], "run3", third);
      await ask(request("GET /v1/a HTTP/1.1"), { via: other });
      expect(received.at(-1)).toContain("X-Key: Bearer another-secret\r\n");
      expect(keys()).toEqual([]);
      const report = await proxy.admin.close("run3");
      expect(report.tunnels).toBe(1);
      expect(JSON.stringify([report, proxy.records, proxy.admin.events])).not.toMatch(
        /secret|sk-live/,
      );
    });

    it("masks a secret whole that another one is a part of", async () => {
      const host = `up.test:${port}`;
      const both = [
        binding({ host, header: "X-Part", secret: SECRET.slice(0, 12) }),
        binding({ host, secret: SECRET }),
      ];
      const via = await proxy.open([host], "run6", both);
      const answer = await ask(request("GET /v1/a HTTP/1.1"), { via });
      expect(keys()).toEqual([`Bearer ${SECRET}`]);
      expect(answer).toContain("x-echo: Bearer ***\r\n");
    });

    it("counts requests and bytes as without it", async () => {
      const limited = await proxy.open([`up.test:${port}`], "run4", [
        binding({ host: `up.test:${port}` }),
      ]);
      await ask(request("GET /v1/a HTTP/1.1"), { via: limited });
      const report = await proxy.admin.close("run4");
      expect(report.tunnels).toBe(1);
      expect(report.bytesOut).toBeGreaterThan(SECRET.length);
      expect(report.bytesIn).toBeGreaterThan(SECRET.length);
    });

    it("switches to a WebSocket with the header", async () => {
      const line = "GET /v1/a HTTP/1.1";
      await ask(request(line, "Upgrade: websocket", "Connection: Upgrade, authorization"));
      expect(received.at(-1)).toMatch(/upgrade: websocket/i);
      expect(keys()).toEqual([`Bearer ${SECRET}`]);
    });
  });

  describe("a host whose certificate is not to be trusted", () => {
    it.each([
      ["signed by nobody known", () => new TestAuthority().identity("up.test")],
      ["for another name", () => authority.identity("evil.test")],
      ["that has expired", () => authority.identity("up.test", { expired: true })],
    ])("gets nothing: %s", async (_what, identity) => {
      const heads: string[] = [];
      const server = createTlsServer(identity(), (socket) => {
        socket.on("error", () => {});
        socket.on("data", (chunk: Buffer) => heads.push(chunk.toString("latin1")));
      });
      const at = await listenLocally(server);
      const own = await start(cleanup, {
        hosts: { "up.test": "127.0.0.1" },
        private: [`up.test:${at}`],
        ca: authority.certificate,
      });
      const via = await own.open([`up.test:${at}`], "run1", [binding({ host: `up.test:${at}` })]);
      const answer = await say(via, `CONNECT up.test:${at} HTTP/1.1\r\n\r\n`);
      expect(outcome(answer)).toBe("BINDING_FAILED");
      expect((await own.admin.close("run1")).denied).toEqual([
        { kind: "net", value: `up.test:${at}`, code: "BINDING_FAILED", count: 1 },
      ]);
      expect(heads).toEqual([]);
      server.close();
    });

    it("is not reached without the operator's certificates", async () => {
      const own = await start(cleanup, {
        hosts: { "up.test": "127.0.0.1" },
        private: [`up.test:${port}`],
      });
      const via = await own.open([`up.test:${port}`], "run1", [
        binding({ host: `up.test:${port}` }),
      ]);
      expect(outcome(await say(via, `CONNECT up.test:${port} HTTP/1.1\r\n\r\n`))).toBe(
        "BINDING_FAILED",
      );
    });
  });

  describe("a binding over plain HTTP", () => {
    it("puts the header on, and only if it says so", async () => {
      const line = `GET http://up.test:${plainPort}/any/..%2f HTTP/1.1\r\nauthorization: x\r\n\r\n`;
      const answer = await say(path, line);
      expect(JSON.parse(bodyOf(answer)).authorization).toBe(`Bearer ${SECRET}`);
      expect(outcome(await say(path, `CONNECT up.test:${plainPort} HTTP/1.1\r\n\r\n`))).toBe(
        "BINDING_PROTOCOL",
      );
    });
  });

  describe("the largest bindings", () => {
    it("fit a line of the control plane, and are all put on", async () => {
      const quotes = '"'.repeat(4_096);
      const paths = Array.from({ length: 8 }, (_, at) => `/${at}${'"'.repeat(198)}`);
      const methods = Array.from({ length: 16 }, (_, at) => `GET-METHOD-${"ABCDEFGHIJKLMNOP"[at]}`);
      const host = `up.test:${port}`;
      const bindings = Array.from({ length: 16 }, (_, at) =>
        binding({ host, header: `X-${at}`, format: "{}", secret: quotes, paths, methods }),
      );
      const allow = Array.from({ length: 255 }, (_, at) => `${"a.".repeat(120)}h${at}:65535`);
      const line = JSON.stringify({ id: 1, op: "open", policy: { allow, bindings } });
      expect(line.length).toBeLessThan(MAX_ADMIN_LINE);
      const via = await proxy.open([host, ...allow], "run5", bindings);
      await ask(request(`GET-METHOD-P /7${'"'.repeat(198)} HTTP/1.1`), { via });
      expect(received.at(-1)?.match(/^X-\d+: "{4096}\r$/gm)).toHaveLength(16);
    });
  });

  describe("a malformed binding", () => {
    it.each([
      ["no list", {}],
      ["too many", Array.from({ length: 17 }, () => binding({ host: "up.test:1" }))],
      ["no host", [binding({})]],
      ["a host without a port", [binding({ host: "up.test" })]],
      ["a wildcard", [binding({ host: "*.test:443" })]],
      ["another scheme", [binding({ host: "up.test:1", scheme: "ftp" })]],
      ["two schemes", ["http", "https"].map((scheme) => binding({ host: "up.test:1", scheme }))],
      ["a framing header", [binding({ host: "up.test:1", header: "Content_Length" })]],
      ["a header that is none", [binding({ host: "up.test:1", header: "A: b\r\nC" })]],
      ["no place for the secret", [binding({ host: "up.test:1", format: "Bearer" })]],
      ["two places", [binding({ host: "up.test:1", format: "{}{}" })]],
      ["a secret with a line break", [binding({ host: "up.test:1", secret: "a\r\nX: b" })]],
      ["no secret", [binding({ host: "up.test:1", secret: "" })]],
      ["no methods", [binding({ host: "up.test:1", methods: [] })]],
      ["a method that is none", [binding({ host: "up.test:1", methods: ["get"] })]],
      ["a path that is none", [binding({ host: "up.test:1", paths: ["/a/../b"] })]],
    ])("opens nothing: %s", async (_what, bindings) => {
      const opened = proxy.open(["up.test"], "bad", bindings as object[]);
      await expect(opened).rejects.toThrow(/binding|host|port/i);
      await expect(opened).rejects.not.toThrow(/sk-live/);
    });
  });
});
