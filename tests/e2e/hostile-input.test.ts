/** Tests hostile sources and archives that try to read the host, or to block all requests. */
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statFields } from "../../src/base/process-stat.ts";
import { ownTime } from "../helpers/own-time.ts";
import { IN_PROCESSES, TestServer } from "../helpers/server.ts";
import { tarHeader } from "../helpers/tar.ts";

const ADMIN_KEY = "operator-of-this-test-".repeat(2);
const SECRET_KEY = "5ec4e7".repeat(12);
const DATABASE_URL = "postgres://app:hidden-word@127.0.0.1:1/shop";
const SECRETS = [ADMIN_KEY, SECRET_KEY, "hidden-word", "secret-value-of-env"];

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await TestServer.start({
    ...IN_PROCESSES,
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_SECRET_KEY: SECRET_KEY,
    ISOLATE_ENV: '{"TOKEN":"secret-value-of-env"}',
    DATABASE_URL,
  });
  await admin("PUT", "/admin/tenants/acme");
  key = ((await (await admin("POST", "/admin/tenants/acme/keys")).json()) as { key: string }).key;
}, 300_000);
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

function admin(method: string, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" };
  return fetch(`${server.url}${path}`, { method, headers, body: "{}" });
}

async function send(method: string, path: string, body: object | FormData) {
  const isForm = body instanceof FormData;
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(!isForm && { "content-type": "application/json" }),
    },
    body: isForm ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

/**
 * Expressions that one pass makes literal before a second pass; and paths that a bundler looks up
 * in directories.
 */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are the code's.
const EXPRESSIONS = [
  'import(P.A + "iron", { with: { type: "text" } })',
  'import(P.A + name, { with: { type: "text" } })',
  'import(`../../../../../../proc/self/env${"iron"}`, { with: { type: "text" } })',
  "import(`../../../../../../etc/${name}`, { with: { type: 'text' } })",
  'import("../../../../../../etc/" + name, { with: { type: "text" } })',
  'require("../../../../../../etc/" + name)',
  'require(P.A + "iron")',
  'import("/etc/passwd", { with: { type: "text" } })',
  'import("file:///etc/passwd")',
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are the code's.

/** Contents and names that exist only on the host. */
const OF_HOST = /root:|\/bin\/|DENO_DIR=|PATH=|hostname|resolv\.conf|ld\.so\.cache/;

describe("no file of the host, and no name of one, is had by", () => {
  it.each(EXPRESSIONS)("a type with %s", async (expression) => {
    const source = `enum P { A = "../../../../../../proc/self/env" }
      const name: any = "x";
      export default { name: "t${Math.random().toString(36).slice(2)}", description: "",
        resolve: async () => [P, ${expression}] }`;
    const { status, text } = await send("POST", "/api/v1/types", { source });
    expect({ status, text }).toMatchObject({
      status: 400,
      text: expect.stringMatching(/type\.ts:4/),
    });
    expect(text).not.toMatch(OF_HOST);
  });

  it.each(EXPRESSIONS)("a function with %s", async (expression) => {
    const main = `import { P } from "./p.ts";\nconst name = "x";\nexport default async () => [P, ${expression}]`;
    const files = { "main.ts": main, "p.ts": 'export enum P { A = "../../../../proc/self/env" }' };
    const { status, text } = await send("PUT", "/functions/f", { files });
    expect({ status, text }).toMatchObject({
      status: 400,
      text: expect.stringMatching(/main\.ts:3/),
    });
    expect(text).not.toMatch(OF_HOST);
  });
});

/** Lists a process and all its descendants. */
async function family(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => undefined);
    const parent = stat === undefined ? undefined : statFields(stat)[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = [root];
  for (const one of found) for (const [pid, parent] of parents) if (parent === one) found.push(pid);
  return found;
}

it("no child process of the server has a secret in its environment", async () => {
  // Keeps a compiler process for its owner's next source.
  const files = { "main.ts": "export default () => 1" };
  expect(await send("PUT", "/functions/g", { files })).toMatchObject({ status: 201 });
  const children = (await family(server.pid)).slice(1);
  // The compiler's service for our own source, the loader's service, and confined processes.
  expect(children.length).toBeGreaterThanOrEqual(3);
  for (const pid of children) {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    for (const secret of SECRETS) expect(`${command} ${environment}`).not.toContain(secret);
    expect(environment).not.toMatch(/ISOLATE_(ADMIN|SECRET)_KEY|DATABASE_URL/);
  }
});

/** Makes records of a global header, which tar-stream 3.2.2 copies for each header that follows. */
function paxBomb(): Buffer {
  const records = Array.from({ length: 100_000 }, (_, n) => `14 k${`${n}`.padStart(6, "0")}=vv\n`);
  const all = Buffer.from(records.join(""));
  const padding = Buffer.alloc((512 - (all.length % 512)) % 512);
  const global = Buffer.concat([tarHeader("g", all.length), all, padding]);
  const one = Buffer.from("12 path=abc\n");
  const each = Buffer.concat([tarHeader("x", one.length), one, Buffer.alloc(512 - one.length)]);
  return Buffer.concat([global, ...Array<Buffer>(5_000).fill(each), Buffer.alloc(1_024)]);
}

async function publish(name: string, archive: Uint8Array) {
  const form = new FormData();
  form.set("manifest", JSON.stringify({ domain: "a.example", name, type: "text", version: "1" }));
  form.set("archive", new Blob([archive as Uint8Array<ArrayBuffer>]));
  return send("POST", "/api/v1/publish", form);
}

/** Measures the milliseconds of the slowest answer to other requests meanwhile. */
async function slowestHealth(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  let slowest = 0;
  while (!isOver) {
    const taken = ownTime(server.pid);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    slowest = Math.max(slowest, taken());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return slowest;
}

it("an archive of 100,000 pax records is refused, and nobody waits for it", async () => {
  const bomb = gzipSync(paxBomb());
  const usual = await slowestHealth(new Promise((resolve) => setTimeout(resolve, 1_000)));
  const published = publish("bomb", bomb);
  const slowest = await slowestHealth(published);
  expect(await published).toMatchObject({ status: 400, text: expect.stringContaining("records") });
  // On the event loop, unpacking takes 20 s. Other work of this machine slows everything.
  expect(slowest).toBeLessThan(200 + 5 * usual);
});

it("an archive of the largest size is published beside it", async () => {
  const tar = pack();
  // Random bytes cannot be compressed, so every byte counts.
  const content = Buffer.alloc(16_500_000);
  for (let at = 0; at < content.length; at += 4)
    content.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  tar.entry({ name: "content" }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const archive = gzipSync(Buffer.concat(chunks), { level: 0 });
  expect(archive.length).toBeGreaterThan(16_000_000);
  const published = publish("large", archive);
  await slowestHealth(published);
  expect(await published).toMatchObject({ status: 201 });
});
