/**
 * Tests clients that keep connections. The proxy serves one plain request for each connection, and
 * announces that.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EgressLaboratory } from "./egress-laboratory.ts";
import { type EgressSite, grants, type Runner } from "./egress-site.ts";

const PEM = readFileSync(new URL("servers/up.test.pem", import.meta.url), "utf8");
const CERTIFICATE = PEM.slice(0, PEM.indexOf("-----BEGIN PRIVATE"));
const REQUESTS = 5;

let laboratory: EgressLaboratory;
let site: EgressSite;
beforeAll(async () => {
  laboratory = await EgressLaboratory.open();
  site = await laboratory.site();
});
afterAll(() => laboratory.close());

/** Clients of Node that use a proxy as the agents of npm's packages do. */
const AGENTS = `
  import http from "node:http";
  import https from "node:https";
  import tls from "node:tls";
  const proxy = { host: "127.0.0.1", port: 3128 };
  class TunnelAgent extends https.Agent {
    createConnection(options, callback) {
      const { host, port } = options;
      http.request({ ...proxy, method: "CONNECT", path: host + ":" + port, agent: false })
        .once("connect", (_response, socket) => {
          callback(null, tls.connect({ ...options, socket, servername: host }));
        })
        .once("error", callback)
        .end();
    }
  }
  const get = (client, options) => new Promise((resolve, reject) => {
    client.get(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve([text, response.headers.connection]));
    }).on("error", reject);
  });`;

/**
 * Makes code that requests the paths in order with `one`, which `client` defines. It returns the
 * answers' texts.
 */
const inTurn = (client: string): string => `
  export default async ({ paths, ca }) => {
    const agent = { keepAlive: true, maxSockets: 1, ca };
    ${client}
    const texts = [];
    for (const path of paths) texts.push(await one(path));
    return texts;
  }`;

/** Counts the connections that the server saw for the requests of a job. */
async function connections(runner: Runner, name: string, code: string) {
  const paths = Array.from({ length: REQUESTS }, (_, at) => `/${name}-${at}`);
  const granted = grants(["up.test:80", "up.test:443"], ["up.test"]);
  const { result, ending } = await site.run(runner, granted, code, { paths, ca: CERTIFICATE });
  expect({ ending, result }).toMatchObject({
    result: paths.map((path) => `reached ${path} of up`),
  });
  const notes = await laboratory.servers.up.notes();
  const own = notes.filter(({ path }) => path.startsWith(`/${name}-`));
  expect(own).toHaveLength(REQUESTS);
  return new Set(own.map(({ connection }) => connection)).size;
}

describe("requests one after the other", () => {
  it("over TLS share a tunnel, by fetch", async () => {
    const code = inTurn(`const client = Deno.createHttpClient({ caCerts: [ca] });
      const one = async (path) => (await fetch("https://up.test" + path, { client })).text()`);
    expect(await connections("real", "fetch-tls", code)).toBe(1);
  });

  it("over TLS share a tunnel, by an agent that keeps connections", async () => {
    const code = `${AGENTS}${inTurn(`const agents = new TunnelAgent(agent);
      const one = async (path) =>
        (await get(https, { host: "up.test", port: 443, path, agent: agents }))[0]`)}`;
    expect(await connections("open", "agent-tls", code)).toBe(1);
  });

  it("in plain text have a connection each, by fetch", async () => {
    const code = inTurn(
      `const one = async (path) => (await fetch("http://up.test" + path, {
        headers: { connection: "keep-alive" } })).text()`,
    );
    expect(await connections("real", "fetch-plain", code)).toBe(REQUESTS);
  });

  it("in plain text have a connection each, by an agent that would keep it", async () => {
    const code = `${AGENTS}${inTurn(`const agents = new http.Agent(agent);
      const one = async (path) => {
        const headers = { host: "up.test", connection: "keep-alive" };
        const url = "http://up.test" + path;
        const [text, connection] = await get(http, { ...proxy, path: url, headers, agent: agents });
        if (connection !== "close") throw new Error("Connection: " + connection);
        return text;
      }`)}`;
    expect(await connections("open", "agent-plain", code)).toBe(REQUESTS);
  });
});
