/** Tests the files of docs/operate/reverse-proxy.md by the programs they are for, in front of a server. */
import { once } from "node:events";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "../contract/engine-contract.ts";
import { Cleanup } from "../helpers/egress.ts";
import {
  fileOf,
  isInstalled,
  NAME,
  PROGRAMS,
  type RunningProxy,
  startOnDemand,
  startReverseProxy,
} from "../helpers/reverse-proxies.ts";
import { TestServer } from "../helpers/server.ts";

const ADMIN_KEY = "operator-".repeat(4);
/** Milliseconds longer than Node keeps idle connections by itself, with the second that it adds. */
const PAUSE = 6_500;
const REQUESTS = 150;
const names = Object.keys(PROGRAMS).filter(isInstalled);

/** Code with a behaviour for each path. */
const CODE = `
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
export default async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/socket") {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send("got " + data);
    return response;
  }
  if (pathname === "/length") return new Response((await request.arrayBuffer()).byteLength);
  if (pathname === "/seen") {
    return Response.json({ url: request.url, from: request.headers.get("x-forwarded-for") });
  }
  if (pathname === "/events") {
    return new Response(new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("data: first\\n\\n"));
        await wait(15_000);
        controller.close();
      },
    }), { headers: { "content-type": "text/event-stream" } });
  }
  return new Response(await request.text());
};`;

interface Answer {
  readonly status: number;
  readonly text: string;
}

const cleanup = new Cleanup();
const proxies = new Map<string, RunningProxy>();
const agents = new Map<string, Agent>();
let server: TestServer;

beforeAll(async () => {
  const settings = [...fileOf("/etc/isolate.env").matchAll(/^(\w+)=(.*)$/gm)];
  server = await TestServer.start({
    ...Object.fromEntries(settings.map(([, name, value]) => [name, value])),
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_TENANT_SANDBOX: "isolated",
    ISOLATE_ENGINE: "none",
    ISOLATE_FUNCTION_HOSTS: "*.functions.example.com",
  });
  const administer = async (method: string, path: string, body: object, key = ADMIN_KEY) => {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const response = await fetch(server.url + path, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
    return (await response.json()) as { key: string };
  };
  await administer("PUT", "/admin/tenants/acme", {});
  const { key } = await administer("POST", "/admin/tenants/acme/keys", {});
  const deployment = { code: CODE, kind: "http", public: true, timeout: 20_000 };
  await administer("PUT", "/functions/ways", deployment, key);
  const { port } = new URL(server.url);
  const start = async (name: string): Promise<void> => {
    const proxy = await startReverseProxy(cleanup, name, Number(port));
    proxies.set(name, proxy);
    const options = { ca: proxy.cert, servername: NAME, keepAlive: true, maxSockets: 16 };
    agents.set(name, new Agent(options));
  };
  await Promise.all(names.map(start));
});
afterAll(async () => {
  for (const agent of agents.values()) agent.destroy();
  await cleanup.run();
  expect(await server.dispose()).toEqual([]);
});

/** Sends a request through a proxy. Fails if it is answered by none. */
function ask(name: string, path: string, body?: string, headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = proxies.get(name) as RunningProxy;
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        agent: agents.get(name),
        path,
        method: body === undefined ? "GET" : "POST",
        headers: { Host: NAME, ...headers },
      },
      async (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.once("error", reject).end(body);
  });
}

/** Sends some hundred requests on kept connections, some of which code answers. */
async function load(name: string): Promise<void> {
  const each = async (_: unknown, index: number): Promise<Answer> =>
    index % 5 === 0
      ? ask(name, "/f/acme/ways/echo", `body ${index}`)
      : ask(name, "/healthz").then(({ status }) => ({ status, text: `body ${index}` }));
  const answers = await Promise.all(Array.from({ length: REQUESTS }, each));
  const wanted = answers.map((_, index) => ({ status: 200, text: `body ${index}` }));
  expect([name, answers]).toEqual([name, wanted]);
}

describe.skipIf(names.length === 0)("behind a reverse proxy", () => {
  it.skipIf(!names.includes("caddy"))(
    "caddy gets certificates for names of functions alone, and passes their requests on",
    async () => {
      const port = await startOnDemand(cleanup, Number(new URL(server.url).port));
      const at = (name: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const options = { servername: name, rejectUnauthorized: false, headers: { Host: name } };
          const sent = request({ host: "127.0.0.1", port, path: "/seen", ...options });
          sent.once("response", (answer) => {
            let text = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            answer.once("end", () => resolve(text));
          });
          sent.once("error", reject).end();
        });
      const name = "ways--acme.functions.example.com";
      expect(JSON.parse(await at(name))).toMatchObject({ url: `https://${name}/seen` });
      await expect(at("none--acme.functions.example.com")).rejects.toThrow(/alert/);
      await expect(at(NAME)).rejects.toThrow(/alert/);
    },
  );

  it("no request fails on kept connections, also after a pause", async () => {
    for (const name of names) await load(name);
    await sleep(PAUSE);
    for (const name of names) await load(name);
    for (const [name, { relay }] of proxies) {
      // The server would be the first otherwise, perhaps while a request is on its way.
      expect([name, relay.endedByServer]).toEqual([name, 0]);
      expect(relay.opened).toBeLessThan(REQUESTS);
    }
  });

  it.each(names)("%s passes on names, addresses and large bodies", async (name) => {
    const forged = { "X-Forwarded-For": "203.0.113.9" };
    const { text } = await ask(name, "/f/acme/ways/seen", undefined, forged);
    expect(JSON.parse(text)).toEqual({ url: `https://${NAME}/seen`, from: "127.0.0.1" });
    const body = "x".repeat(7_000_000);
    expect(await ask(name, "/f/acme/ways/length", body)).toEqual({ status: 200, text: "7000000" });
  });

  it.each(names)("%s passes on events as they come, and that a client goes away", async (name) => {
    const { port } = proxies.get(name) as RunningProxy;
    const aborted = async (): Promise<number> => {
      const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
      const metrics = await (await fetch(`${server.url}/metrics`, { headers })).text();
      return Number(
        /isolate_executions_total\{.*outcome="aborted"\} (\d+)/.exec(metrics)?.[1] ?? 0,
      );
    };
    const before = await aborted();
    const options = { host: "127.0.0.1", port, agent: agents.get(name), headers: { Host: NAME } };
    const sent = request({ ...options, path: "/f/acme/ways/events" }).end();
    const [response] = await once(sent, "response");
    const [first] = await once(response, "data");
    expect(String(first)).toBe("data: first\n\n");
    sent.on("error", () => {}).destroy();
    await until(async () => (await aborted()) > before);
  });

  it.each(names)("%s passes WebSockets on", async (name) => {
    const { port, cert } = proxies.get(name) as RunningProxy;
    const options = { ca: cert, servername: NAME, headers: { Host: NAME } };
    const client = new WebSocket(`wss://127.0.0.1:${port}/f/acme/ways/socket`, [], options);
    await once(client, "open");
    client.send("a message");
    const [data] = await once(client, "message");
    expect(String(data)).toBe("got a message");
    client.close();
    await once(client, "close");
  });
});
