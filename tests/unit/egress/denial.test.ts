import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Classifier, classify } from "../../../src/destinations/address-class.ts";
import {
  Cleanup,
  Client,
  echo,
  outcome,
  say,
  startProxy,
  startUpstream,
} from "../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const connectTo = (authority: string) => `CONNECT ${authority} HTTP/1.1\r\n\r\n`;

/**
 * All spellings of the loopback address, or of one that some programs take for it. `P` is the port.
 */
const LOOPBACK_SPELLINGS = [
  "127.0.0.1:P",
  "127.0.0.2:P",
  "localhost:P",
  "LOCALHOST:P",
  "localhost.:P",
  "127.1:P",
  "127.0.1:P",
  "2130706433:P",
  "0x7f000001:P",
  "0x7f.0.0.1:P",
  "0177.0.0.1:P",
  "017700000001:P",
  "127.0.0.1.:P",
  "127.0.0.01:P",
  "0.0.0.0:P",
  "0:P",
  "[::1]:P",
  "[::]:P",
  "[::ffff:127.0.0.1]:P",
  "[::ffff:7f00:1]:P",
  "[::127.0.0.1]:P",
  "[::ffff:0:127.0.0.1]:P",
  "[64:ff9b::127.0.0.1]:P",
  "[2002:7f00:1::]:P",
  "[::1%lo]:P",
  "up.test@127.0.0.1:P",
  "up.test:80@127.0.0.1:P",
  "127.0.0.1\0.up.test:P",
  "\uFF11\uFF12\uFF17.0.0.1:P",
  "%31%32%37.0.0.1:P",
];

const METADATA_SPELLINGS = [
  "169.254.169.254",
  "169.254.170.2",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "[fd00:ec2::254]",
  "[FD00:0EC2::0254]",
  "[fd20:ce::254]",
  "[fe80::a9fe:a9fe]",
  "[::ffff:169.254.169.254]",
  "[::ffff:a9fe:a9fe]",
  "[::169.254.169.254]",
  "[64:ff9b::169.254.169.254]",
  "[2002:a9fe:a9fe::]",
  "metadata.test",
  "2852039166",
  "0xa9fea9fe",
  "0xa9.254.169.254",
  "0251.0376.0251.0376",
  "169.254.43518",
  "169.254.169.254.",
];

const resolver = async (name: string) => {
  const known: Record<string, string[]> = {
    localhost: ["127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "mixed.test": ["127.0.0.1", "127.0.0.2"],
    "garbage.test": ["127.1"],
    "empty.test": [],
  };
  const answer = known[name];
  if (answer === undefined) throw new Error("unknown");
  return answer;
};

/** Replaces the real classifier where a test needs a public address on this machine. */
const onlyOne: Classifier = (address) => (address === "127.0.0.1" ? "public" : "private");

/** Accepts this machine's own addresses. No test sends anything further. */
const OWN_ADDRESSES = ["127.0.0.1", "127.0.0.2", "::1", "::ffff:7f00:1"];
const blind: Classifier = (ip) => (OWN_ADDRESSES.includes(ip) ? "public" : classify(ip));

describe("a denial", () => {
  it("is an HTTP answer that says what and why, at once", async () => {
    const proxy = await startProxy(cleanup);
    const path = await proxy.open(["api.example"]);
    const start = performance.now();
    const answer = await say(path, connectTo("evil.example:443"));
    // Before any of the proxy's timers: the shortest is a second.
    expect(performance.now() - start).toBeLessThan(900);
    const [head, body] = answer.split("\r\n\r\n") as [string, string];
    expect(head.split("\r\n")).toEqual([
      "HTTP/1.1 403 Forbidden",
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      "Connection: close",
      "X-Isolate-Denied: HOST_NOT_ALLOWED",
    ]);
    expect(JSON.parse(body).error).toEqual({
      code: "HOST_NOT_ALLOWED",
      message: "This host is not allowed: evil.example:443",
      host: "evil.example",
      port: 443,
    });
    expect(proxy.records).toMatchObject([
      {
        event: "decision",
        run: "run1",
        tenant: "default",
        host: "evil.example",
        port: 443,
        address: null,
        verdict: "denied",
        code: "HOST_NOT_ALLOWED",
      },
    ]);
  });

  it.each([
    ["a port that is not granted", "CONNECT api.example:22 HTTP/1.1\r\n\r\n", "PORT_NOT_ALLOWED"],
    ["an address that is not granted", connectTo("1.1.1.1:443"), "HOST_NOT_ALLOWED"],
    ["a URL's host", "GET http://evil.example/ HTTP/1.1\r\n\r\n", "HOST_NOT_ALLOWED"],
    ["a host in disguise", "GET http://api.example@evil/ HTTP/1.1\r\n\r\n", "BAD_HOST"],
    ["a name nobody knows", connectTo("api.example:443"), "RESOLVE_FAILED"],
    [
      "a folded header",
      `${connectTo("api.example:443").trim()}\r\nA: b\r\n c\r\n\r\n`,
      "BAD_REQUEST",
    ],
    ["a bare line feed", "CONNECT api.example:443 HTTP/1.1\n\n", "BAD_REQUEST"],
    [
      "a body in doubt",
      `POST http://api.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n`,
      "BAD_REQUEST",
    ],
    ["a plain request", "GET / HTTP/1.1\r\nHost: api.example\r\n\r\n", "BAD_REQUEST"],
    ["TLS without CONNECT", "\x16\x03\x01\x02\x00", "UNKNOWN_PROTOCOL"],
    ["Postgres", "\x00\x00\x00\x08\x04\xd2\x16\x2f", "UNKNOWN_PROTOCOL"],
    [
      "a head without end",
      `GET http://api.example/ HTTP/1.1\r\nA: ${"b".repeat(20_000)}`,
      "HEAD_TOO_LARGE",
    ],
    [
      "headers without end",
      `GET http://api.example/ HTTP/1.1\r\n${"A: b\r\n".repeat(102)}`,
      "HEAD_TOO_LARGE",
    ],
    ["TRACE", "TRACE http://api.example/ HTTP/1.1\r\n\r\n", "METHOD_NOT_ALLOWED"],
    ["https", "GET https://api.example/ HTTP/1.1\r\n\r\n", "SCHEME_NOT_SUPPORTED"],
  ])("of %s comes at once", async (_what, text, code) => {
    const proxy = await startProxy(cleanup);
    const path = await proxy.open(["api.example"]);
    const start = performance.now();
    expect(outcome(await say(path, Buffer.from(text, "latin1")))).toBe(code);
    // Before any of the proxy's timers: the shortest is a second.
    expect(performance.now() - start).toBeLessThan(900);
    expect(proxy.records).toMatchObject([{ verdict: "denied", code }]);
  });

  it("quotes no more of a host than fits, and nothing that is not printable", async () => {
    const proxy = await startProxy(cleanup);
    const path = await proxy.open([]);
    await say(path, connectTo(`${"a".repeat(9_000)}:443`));
    const [denied] = (await proxy.admin.close("run1")).denied;
    expect(denied).toMatchObject({ kind: "net", code: "BAD_HOST", count: 1 });
    expect(denied?.value.length).toBeLessThanOrEqual(260);
  });

  it("reaches a client that is still sending", async () => {
    const proxy = await startProxy(cleanup);
    const path = await proxy.open([]);
    const client = new Client(path);
    client.write(`POST http://evil.example/ HTTP/1.1\r\nContent-Length: 200000\r\n\r\n`);
    client.write(Buffer.alloc(200_000));
    await client.closed;
    expect(outcome(client.text)).toBe("HOST_NOT_ALLOWED");
  });
});

describe("an address of the machine itself", () => {
  async function attack(options: { classify?: Classifier; private?: string[] }) {
    const upstream = await startUpstream(cleanup, echo);
    const at = (text: string) => text.replace("P", String(upstream.port));
    const proxy = await startProxy(cleanup, { resolver, ...options });
    const granted = LOOPBACK_SPELLINGS.map(at).filter((text) =>
      /^(?:127\.0\.0\.[12]|\[(?!::ffff:)[^%]*\]|0\.0\.0\.0):/.test(text),
    );
    const path = await proxy.open([`localhost:${upstream.port}`, ...granted]);
    const answers = new Map<string, string>();
    for (const spelling of LOOPBACK_SPELLINGS) {
      const client = new Client(path);
      client.socket.end(Buffer.from(connectTo(at(spelling)), "utf8"));
      await client.closed;
      answers.set(spelling, outcome(client.text));
    }
    return { answers, upstream, proxy };
  }

  it("is refused in every spelling, though the policy allows every one it can", async () => {
    const { answers, upstream, proxy } = await attack({});
    expect(upstream.sockets).toHaveLength(0);
    for (const [spelling, answer] of answers) {
      expect([spelling, answer]).toEqual([
        spelling,
        // No policy contains an address to which another one is mapped.
        spelling.startsWith("[::ffff:")
          ? "HOST_NOT_ALLOWED"
          : expect.stringMatching(/^(?:ADDRESS_NOT_ALLOWED|BAD_HOST|BAD_REQUEST)$/),
      ]);
    }
    expect(proxy.records.filter(({ code }) => code === "ALLOWED")).toEqual([]);
    expect(answers.get("127.0.0.1:P")).toBe("ADDRESS_NOT_ALLOWED");
    expect(answers.get("localhost:P")).toBe("ADDRESS_NOT_ALLOWED");
    expect(answers.get("[::127.0.0.1]:P")).toBe("ADDRESS_NOT_ALLOWED");
  });

  it("would be reached by the same attack without the classifier", async () => {
    const { answers, upstream } = await attack({ classify: blind });
    expect(answers.get("127.0.0.1:P")).toMatch(/200/);
    expect(answers.get("localhost:P")).toMatch(/200/);
    expect(upstream.sockets.length).toBeGreaterThan(2);
    // The parser alone refuses these.
    expect(answers.get("0x7f.0.0.1:P")).toBe("BAD_HOST");
  });

  it("is reached where the operator names it, on that port and by that name alone", async () => {
    const upstream = await startUpstream(cleanup, echo);
    const proxy = await startProxy(cleanup, { resolver, private: [`localhost:${upstream.port}`] });
    const path = await proxy.open([
      "*",
      `localhost:${upstream.port}`,
      `127.0.0.1:${upstream.port}`,
    ]);
    expect(outcome(await say(path, connectTo(`127.0.0.1:${upstream.port}`)))).toBe(
      "ADDRESS_NOT_ALLOWED",
    );
    expect(outcome(await say(path, connectTo("localhost:443")))).toBe("ADDRESS_NOT_ALLOWED");
    const client = new Client(path);
    client.write(connectTo(`LocalHost:${upstream.port}`));
    await client.until(/ 200 /);
    client.socket.destroy();
  });

  it("is not reached because the operator names it, if the policy does not", async () => {
    const upstream = await startUpstream(cleanup, echo);
    const proxy = await startProxy(cleanup, { resolver, private: [`localhost:${upstream.port}`] });
    const path = await proxy.open(["other.example"]);
    expect(outcome(await say(path, connectTo(`localhost:${upstream.port}`)))).toBe(
      "HOST_NOT_ALLOWED",
    );
    expect(upstream.sockets).toHaveLength(0);
  });
});

describe("a metadata address", () => {
  it("is refused in every spelling, whatever policy and operator say", async () => {
    const proxy = await startProxy(cleanup, { resolver, private: ["metadata.test:80"] });
    const granted = METADATA_SPELLINGS.filter((text) =>
      /^(?:[0-9]+\.){3}[0-9]+$|^\[/.test(text),
    ).filter((text) => !text.startsWith("0") && !text.startsWith("[::ffff:"));
    const path = await proxy.open(["*", ...granted]);
    for (const spelling of METADATA_SPELLINGS) {
      for (const text of [
        connectTo(`${spelling}:80`),
        `GET http://${spelling}/ HTTP/1.1\r\n\r\n`,
      ]) {
        expect([spelling, outcome(await say(path, text))]).toEqual([
          spelling,
          spelling.startsWith("[::ffff:")
            ? "HOST_NOT_ALLOWED"
            : expect.stringMatching(/^(?:METADATA_ADDRESS|BAD_HOST)$/),
        ]);
      }
    }
    expect(proxy.records.filter(({ code }) => code === "ALLOWED")).toEqual([]);
    const metadata = proxy.records.filter(({ code }) => code === "METADATA_ADDRESS");
    expect(metadata).toHaveLength(2 * (granted.length + 1));
  });
});

describe("a resolver's answer", () => {
  /** Starts two servers on the same port. `onlyOne` calls only the first one's address public. */
  async function twoServers() {
    const first = await startUpstream(cleanup, echo);
    let reached = 0;
    const second = createServer((socket) => {
      reached += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => second.listen(first.port, "127.0.0.2", resolve));
    cleanup.add(() => second.close());
    return { first, reached: () => reached };
  }

  it("is asked for once, and what was checked is what is dialled", async () => {
    const { first, reached } = await twoServers();
    const answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]];
    let asked = 0;
    const rebinding = async () => answers[asked++] ?? [];
    const proxy = await startProxy(cleanup, { resolver: rebinding, classify: onlyOne });
    const path = await proxy.open([`rebind.test:${first.port}`]);
    const client = new Client(path);
    client.write(connectTo(`rebind.test:${first.port}`));
    await client.until(/ 200 /);
    expect(asked).toBe(1);
    expect(first.sockets).toHaveLength(1);
    expect(reached()).toBe(0);
    expect(proxy.records[0]).toMatchObject({ address: "127.0.0.1", verdict: "allowed" });
    client.socket.destroy();
    // The next tunnel gets the next address, and is refused for it.
    expect(outcome(await say(path, connectTo(`rebind.test:${first.port}`)))).toBe(
      "ADDRESS_NOT_ALLOWED",
    );
    expect(reached()).toBe(0);
  });

  it("that mixes good and bad addresses is refused whole", async () => {
    const { first, reached } = await twoServers();
    const proxy = await startProxy(cleanup, { resolver, classify: onlyOne });
    const path = await proxy.open([`*.test:${first.port}`, `localhost:${first.port}`]);
    expect(outcome(await say(path, connectTo(`mixed.test:${first.port}`)))).toBe(
      "ADDRESS_NOT_ALLOWED",
    );
    expect(first.sockets).toHaveLength(0);
    expect(reached()).toBe(0);
    // Without the bad address it can be reached.
    const client = new Client(path);
    client.write(connectTo(`localhost:${first.port}`));
    await client.until(/ 200 /);
    client.socket.destroy();
  });

  it.each([
    ["mapped.test", "ADDRESS_NOT_ALLOWED"],
    ["garbage.test", "ADDRESS_NOT_ALLOWED"],
    ["empty.test", "RESOLVE_FAILED"],
    ["unknown.test", "RESOLVE_FAILED"],
  ])("for %s ends in %s", async (name, code) => {
    const proxy = await startProxy(cleanup, { resolver });
    const path = await proxy.open(["*"]);
    expect(outcome(await say(path, connectTo(`${name}:443`)))).toBe(code);
  });
});
