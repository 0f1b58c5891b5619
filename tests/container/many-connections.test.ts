/** Tests code that has many connections at once, and code whose connections fail. */
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withTunnels } from "../../src/protocol/tunnels.ts";
import { until } from "../contract/engine-contract.ts";
import { certificateFor } from "../helpers/certificate.ts";
import { Cleanup, listenLocally, startUpstream, type Upstream } from "../helpers/egress.ts";
import { type EgressSite, grants } from "./egress-site.ts";
import { openLoopbackSite } from "./loopback-site.ts";

const cleanup = new Cleanup();
let site: EgressSite;
/** Servers as `host:port`: a web server, one with TLS, one that never answers, and none. */
let plain: string;
let secure: string;
let silent: string;
let nobody: string;
/** Most requests that the web servers had under way at a time, and all of them. */
const seen = { now: 0, most: 0, all: 0 };
let upstream: Upstream;
const { key, cert } = certificateFor("up.example");

beforeAll(async () => {
  const serve: RequestListener = ({ url }, response) => {
    seen.all += 1;
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    response.once("close", () => {
      seen.now -= 1;
    });
    setTimeout(() => response.end("answer"), url === "/at-once" ? 0 : 20);
  };
  const server = createServer(serve);
  const tls = createTlsServer({ key, cert }, serve);
  upstream = await startUpstream(cleanup, (socket) => void socket.resume());
  const closed = createServer();
  const ports = [
    await listenLocally(server),
    await listenLocally(tls),
    upstream.port,
    await listenLocally(closed),
  ];
  cleanup.add(() => {
    for (const each of [server, tls]) {
      each.closeAllConnections();
      each.close();
    }
  });
  await new Promise((resolve) => closed.close(resolve));
  [plain = "", secure = "", silent = "", nobody = ""] = ports.map((port) => `up.example:${port}`);
  ({ site } = await openLoopbackSite(cleanup, ports));
}, 60_000);
afterAll(() => cleanup.run());

/** Runs code that is granted some servers, and returns its result. */
async function run(net: readonly string[], body: string, egressRequests?: number) {
  const code = `export default async ({ plain, secure, silent, nobody, ca }) => { ${body} }`;
  const granted = { ...grants(withTunnels(net), net), egressRequests };
  const given = { plain, secure, silent, nobody, ca: cert };
  const seen = await site.run("real", granted, code, given);
  if (seen.ending.type !== "result") throw new Error(JSON.stringify(seen.ending));
  return seen;
}

describe("connections of an execution", () => {
  it("wait for a place if there are many", async () => {
    seen.most = 0;
    const { result, denied } = await run(
      [plain],
      `const get = async () => { const r = await fetch("http://" + plain); return r.status + await r.text() };
       const answers = await Promise.all(Array.from({ length: 300 }, get));
       return [answers.length, [...new Set(answers)]]`,
    );
    expect(result).toEqual([300, ["200answer"]]);
    expect(denied).toEqual([]);
    expect(seen.most).toBeLessThanOrEqual(32);
  });

  it("are asked for nothing if their client gives up first", async () => {
    seen.all = 0;
    const { result } = await run(
      [plain, silent],
      `const stop = new AbortController();
       const held = Array.from({ length: 32 }, () => fetch("http://" + silent, stop).catch(() => 0));
       await new Promise((resolve) => setTimeout(resolve, 100));
       const given = Array.from({ length: 20 }, () => fetch("http://" + plain, { method: "POST",
         signal: AbortSignal.timeout(50) }).catch((error) => error.name));
       const names = await Promise.all(given);
       stop.abort();
       await Promise.all(held);
       return [new Set(names).size, names[0], await (await fetch("http://" + plain)).text()]`,
    );
    expect(result).toEqual([1, "TimeoutError", "answer"]);
    expect(seen.all).toBe(1);
  });

  it("that are quiet make room: kept ones over TLS, and those whose answer is read later", async () => {
    const { result, denied } = await run(
      [plain, secure],
      `const client = Deno.createHttpClient({ caCerts: [ca] });
       const ask = () => fetch("https://" + secure, { client });
       const answers = await Promise.all(Array.from({ length: 60 }, ask));
       const texts = await Promise.all(answers.map((answer) => answer.text()));
       return [new Set(texts).size, texts.length, await (await fetch("http://" + plain)).text()]`,
    );
    expect(result).toEqual([1, 60, "answer"]);
    expect(denied).toEqual([]);
  });

  it("wait for raw ones, too, and these for others", async () => {
    const { result, denied } = await run(
      [plain, silent],
      `const [hostname, port] = silent.split(":");
       const open = () => Deno.connect({ hostname, port: Number(port) });
       const raw = await Promise.all(Array.from({ length: 40 }, open));
       const text = await (await fetch("http://" + plain)).text();
       for (const connection of raw) connection.close();
       return [raw.length, text]`,
    );
    expect(result).toEqual([40, "answer"]);
    expect(denied).toEqual([]);
  });

  it("are as many in all as a tenant may have", async () => {
    const body = `const told = [];
      for (let n = 0; n < 5; n += 1) {
        const response = await fetch("http://" + plain + "/at-once");
        await response.text();
        told.push(response.headers.get("x-isolate-denied") ?? response.status);
      }
      return told`;
    const few = await run([plain], body, 3);
    const code = "LIMIT_TUNNELS";
    expect(few.result).toEqual([200, 200, 200, code, code]);
    expect(few.denied).toMatchObject([{ value: plain, code, count: 2 }]);
  });

  it("without end neither keep another execution waiting nor end the proxy", async () => {
    for (const socket of upstream.sockets.splice(0)) socket.destroy();
    const granted = grants(withTunnels([silent]), [silent]);
    const flood = (fetches: number) =>
      site.run(
        "real",
        granted,
        `export default async (url) => {
           for (let n = 0; n < ${fetches}; n += 1) fetch(url).catch(() => {});
           await new Promise((resolve) => setTimeout(resolve, 4000));
           // Without a value, the fetches would be waited for.
           return ${fetches};
         }`,
        `http://${silent}`,
      );
    const floods = Promise.all([flood(600), flood(5_000)]);
    await until(() => upstream.sockets.length >= 33);
    const { result } = await run([plain], `return (await fetch("http://" + plain)).text()`);
    expect(result).toBe("answer");
    await floods;
    expect(upstream.sockets.length).toBeLessThanOrEqual(2 * 128);
  });
});

describe("a fetch that fails", () => {
  /** Fetches each URL, and returns what it rejected with. */
  const causes = `const told = [];
    for (const url of urls) {
      told.push(await fetch(url).then(({ status }) => status, (error) => [
        error instanceof TypeError, error.message, error.cause instanceof Error, error.cause.message,
[error, error.cause].some(({ stack }) => stack.split(" default ")[0].includes("/runner/")),
      ]));
    }
    return told`;
  const failure = (url: string | undefined, text: string) => [
    true,
    "fetch failed",
    true,
    `error sending request for url (${url}): client error ${text}`,
    false,
  ];
  const REFUSED = "(Connect): tcp connect error: Connection refused (os error 111)";
  const NO_NAME =
    "(Connect): dns error: failed to lookup address information: Name or service not known";

  it("tells why, as without a proxy", async () => {
    const urls = [
      `http://${nobody}/a?b`,
      `https://${nobody}/`,
      "http://unknown.example/",
      "https://unknown.example/",
      `https://${secure}/`,
    ];
    const net = [nobody, secure, "unknown.example:80", "unknown.example:443"];
    const { result } = await run(net, `const urls = ${JSON.stringify(urls)}; ${causes}`);
    const [a, b, c, d, e] = urls;
    expect(result).toEqual([
      failure(a, REFUSED),
      failure(b, REFUSED),
      failure(c, NO_NAME),
      failure(d, NO_NAME),
      failure(e, "(Connect): invalid peer certificate: UnknownIssuer"),
    ]);
  });
});
