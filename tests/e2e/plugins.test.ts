/** Tests plugins of a server, above all the examples, copied to where nothing of the repository is. */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../helpers/pages.ts";
import { REUSING, TestServer } from "../helpers/server.ts";
import { storeDirectory } from "../helpers/store.ts";
import { nodeProgram, otherLines } from "../nodes/programs.ts";

const ADMIN = "the-operators-key-of-this-test-file";
const SECRET_KEY = "5e".repeat(32);
/** Key of a cache that leaks, as a control: it leaves out the tenant and what it has. */
const NAIVE = `import type { IsolatePlugin, Output } from "isolate";
  const outputs: Record<string, Output> = {};
  export default async (): Promise<IsolatePlugin[]> => [{
    name: "naive",
    required: ["cache"],
    setup(api) {
      api.onExecute.tap(async ({ request, input }, next) => {
        if (!request.code.includes("naive")) return;
        return outputs[JSON.stringify([request.code, request.entry, input])] ??= await next();
      });
    },
  }];`;
/** Is of the very classes that the server knows, and finds a package beside it. */
const CURIOUS = `import { IsolateError, Veto } from "isolate";
  import { GuardPlugin } from "isolate/plugins";
  import { merge } from "isolate/permissions/merger";
  import { word } from "words";
  export default [GuardPlugin, {
    name: "curious",
    setup: async (api) => {
      await null;
      const found = Object.values(api.host.engines).length;
      api.onFormat.tap((output, { request }) => {
        if (request.entry !== "curious") return;
        return { ...output, result: [word, found, merge({ net: ["a"] }, "none"), new Veto("x") instanceof IsolateError] };
      });
    },
  }];`;

/** Throws in its function. The text is TypeScript that no Node runs by taking the types away. */
const THROWS = `import { Veto } from "isolate";
  enum Day { Mon }
  export default () => { throw new Veto("made\\nat " + Day[0]) };`;
const REJECTS = `export default {
  name: "late",
  setup: async () => { await null; throw new Error("no"); },
}`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-plugins-"));
  await cp(join(ROOT, "examples/plugins"), directory, { recursive: true });
  await writeFile(join(directory, "naive.ts"), NAIVE);
  await writeFile(join(directory, "curious.js"), CURIOUS);
  const words = join(directory, "node_modules/words");
  await mkdir(words, { recursive: true });
  await writeFile(join(words, "package.json"), '{ "type": "module", "exports": "./main.ts" }');
  await writeFile(join(words, "main.ts"), 'export const word: string = "found";');
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(directory, { recursive: true }));

describe("a server with the examples", () => {
  let server: TestServer;
  const keys = new Map<string, string>();
  const ask = async (method: string, path: string, who: string, body?: object) => {
    const authorization = `Bearer ${keys.get(who) ?? ADMIN}`;
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    // biome-ignore lint/suspicious/noExplicitAny: answers of any route
    return { status: response.status, text, json: (isJson ? JSON.parse(text) : {}) as any };
  };
  const run = async (who: string, request: object) => {
    const { json } = await ask("POST", "/execute", who, request);
    if (json.ok !== true) throw new Error(JSON.stringify(json));
    return json.result;
  };
  const file = () => join(directory, "closed");
  beforeAll(async () => {
    const names = ["cache", "census", "maintenance", "patience", "redact", "naive"];
    const modules = [
      ...names.map((name) => join(directory, `${name}.ts`)),
      `file://${directory}/curious.js`,
    ];
    server = await TestServer.start({
      ...REUSING,
      ISOLATE_ENGINE: "none",
      ISOLATE_ADMIN_KEY: ADMIN,
      ISOLATE_SECRET_KEY: SECRET_KEY,
      ISOLATE_TENANT_SANDBOX: "isolated",
      ISOLATE_PLUGINS: modules.join(","),
      MAINTENANCE_FILE: file(),
      REDACTED: 'hunter"2',
      LEAST_TIMEOUT: "4000",
    });
    const common = { reuse: "tenant", concurrency: 8 };
    const tenants = {
      acme: { env: { TOKEN: "of-acme" } },
      other: { env: { TOKEN: "of-other" } },
      hasty: { timeout: 300 },
    };
    for (const [name, settings] of Object.entries(tenants)) {
      const made = await ask("PUT", `/admin/tenants/${name}`, "", { ...common, ...settings });
      expect(made.status, made.text).toBeLessThan(300);
      keys.set(name, (await ask("POST", `/admin/tenants/${name}/keys`, "", {})).json.key);
    }
  });
  afterAll(async () => {
    expect(await server.dispose()).toEqual([]);
  });

  it("names them at its start", () => {
    expect(server.log).toContain(
      `"msg":"Plugins: cache (${join(directory, "cache.ts")}), census (`,
    );
    expect(server.log).toContain(`curious (${join(directory, "curious.js")})"`);
    expect(server.printed).toContain("Sandboxes started at isolated: 1");
  });

  it("answers from memory what one tenant repeats, and nothing else", {
    timeout: 120_000,
  }, async () => {
    const code = "export default () => Math.random()";
    const first = await run("acme", { code });
    expect(await run("acme", { code })).toBe(first);
    expect(await run("acme", { code, explain: false })).toBe(first);
    const differing: object[] = [
      { input: 1 },
      { input: "1" },
      { timeout: 4_500 },
      { memory: 128 },
      { tools: ["crypto"] },
      { tools: ["channel"] },
      { permissions: { env: ["TOKEN"] } },
      { permissions: { sys: ["hostname"] } },
      { permissions: { hrtime: true } },
      { reuse: "tenant", reuseKey: "ada" },
      { reuse: "tenant", reuseKey: "bob" },
      { language: "typescript" },
      { explain: true },
    ];
    const others = [await run("other", { code }), await run("hasty", { code })];
    for (const each of differing) others.push(await run("acme", { code, ...each }));
    expect(new Set([first, ...others]).size).toBe(1 + others.length);
    // Another version of the tenant's settings, too: a variable that it may not read yet could be a limit.
    await ask("PUT", "/admin/tenants/acme", "", { reuse: "tenant", env: { TOKEN: "new" } });
    expect(await run("acme", { code, permissions: { env: ["TOKEN"] } })).not.toBe(others[9]);
    expect(await run("acme", { code })).not.toBe(first);
  });

  it("repeats nothing that does more than answer", async () => {
    const code = "export default () => new Response(String(Math.random()))";
    await ask("PUT", "/functions/page", "other", { code, kind: "http", public: true });
    const pages = [
      await ask("GET", "/f/other/page", "other"),
      await ask("GET", "/f/other/page", "other"),
    ];
    expect(pages.map(({ status }) => status)).toEqual([200, 200]);
    expect(pages[0]?.text).not.toBe(pages[1]?.text);
    const sends = { code: "export default () => Math.random()", tools: ["channel"] };
    expect(await run("other", sends)).not.toBe(await run("other", sends));
  });

  it("hands one tenant's output to another with a key that is too short", async () => {
    const permissions = { env: ["TOKEN"] };
    const safe = { code: "export default () => process.env.TOKEN", permissions };
    expect([await run("acme", safe), await run("other", safe)]).toEqual(["new", "of-other"]);
    const naive = { ...safe, code: `${safe.code} // naive` };
    expect([await run("acme", naive), await run("other", naive)]).toEqual(["new", "new"]);
  });

  it("refuses requests by the server's own class, and redacts what is kept, too", async () => {
    await writeFile(file(), "");
    const code = `export default () => { console.log('say hunter"2'); throw new Error('no hunter"2') }`;
    expect(await ask("POST", "/execute", "acme", { code })).toMatchObject({
      status: 403,
      json: { error: { code: "VETOED", message: "Closed for maintenance" } },
    });
    await rm(file());
    const { json, text } = await ask("POST", "/execute", "acme", { code });
    expect(json.logs).toMatchObject([{ message: "say ***" }, { message: "no ***" }]);
    const kept = await ask("GET", `/executions/${json.id}/logs`, "acme");
    expect(kept.text).toContain("say ***");
    expect(text + kept.text).not.toContain("hunter");
  });

  it("lets code take longer, as far as its tenant may", async () => {
    const code = "export default () => new Promise((r) => setTimeout(() => r('slept'), 600))";
    expect(await run("acme", { code, timeout: 50 })).toBe("slept");
    const { json } = await ask("POST", "/execute", "hasty", { code, timeout: 50 });
    expect(json.outcome).toBe("timeout");
  });

  it("gives plugins the library of the server, and packages beside them", async () => {
    const code = "export const curious = () => 0";
    const result = ["found", 1, { net: ["a"] }, true];
    expect(await run("acme", { code, entry: "curious" })).toEqual(result);
  });
});

/** Lines of Node, each with a module that keeps a server from starting, and what the server says. */
const FAULTY: readonly [line: string, file: string, text: string, message: string][] = [
  ["20", "throws.ts", THROWS, "Bad plugin in FILE: made at Mon"],
  ["24", "throws.ts", THROWS, "Bad plugin in FILE: made at Mon"],
  ["24", "setup.mjs", REJECTS, 'Plugin "late" failed in its setup: no (FILE)'],
];
const OWN = process.versions.node.split(".")[0] ?? "";

it.each(FAULTY.filter(([line]) => [OWN, ...otherLines()].includes(line)))(
  "a server by Node %s with %s does not start, and names it in one line",
  async (line, name, text, message) => {
    const path = join(directory, `${line}-${name}`);
    await writeFile(path, text);
    const { code, log } = await startOf(line, path);
    expect(code).toBe(1);
    const fatal = log.filter((each) => each.includes("fatal"));
    expect(fatal.map((each) => JSON.parse(each).msg)).toEqual([
      `Cannot start: ${message.replace("FILE", path)}`,
    ]);
  },
);

it("a package that the setting names is found from the working directory", async () => {
  const { log } = await startOf(OWN, "words", directory);
  expect(log.join("\n")).toContain("Cannot start: Bad plugin in words: It has no default export");
});

/** Runs a server until it ends by itself. Returns its exit code and the lines of its log. */
async function startOf(line: string, plugins: string, cwd = ROOT) {
  const runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  const child = spawn(nodeProgram(line), [join(ROOT, "bin/isolate.js"), "start"], {
    cwd,
    env: {
      PATH: process.env.PATH ?? "",
      PORT: "0",
      ISOLATE_ENGINE: "none",
      ISOLATE_RUN_DIR: runDirectory,
      ISOLATE_STORE_URL: await storeDirectory(),
      ISOLATE_POOL_MIN: "0",
      ISOLATE_PLUGINS: plugins,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    log += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  await rm(runDirectory, { recursive: true });
  return { code, log: log.trim().split("\n") };
}
