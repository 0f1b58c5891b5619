/** Tests tools of one's own as they were published, in a process and in this one. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { create, type Isolate } from "../../../src/isolate.ts";

let directory: string;
let site: Server;
let host: string;
let isolate: Isolate;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-published-"));
  site = createServer(({ url }, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ path: url }));
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(site.address() as AddressInfo).port}`;
  const tools = Object.entries(MODULES).map(async ([name, text]) => {
    await writeFile(join(directory, name), text.replaceAll("HOST", host));
    return join(directory, name);
  });
  isolate = await create({
    runDirectory: join(directory, "run"),
    trusted: true,
    config: {
      timeout: 20_000,
      cluster: { min: 1 },
      db: { url: "postgres://user:secret@db.example.com/app" },
    },
    tools: [...(await Promise.all(tools)), counter],
  });
});
afterAll(async () => {
  await isolate?.close();
  site.close();
  await rm(directory, { recursive: true });
});

/** Modules as their authors write them. HOST stands for the site's address. */
const MODULES: Readonly<Record<string, string>> = {
  "http.ts": `import { inject } from "isolate/common";
    import type { Tool } from "isolate";
    export function http(): Tool {
      return {
        name: "http",
        permissions: { net: ["HOST"] },
        setup: (globals) => {
          const api = { get: async (path: string) => (await fetch("http://HOST" + path)).json() };
          inject(globals, "http", Object.freeze(api));
        },
      };
    }`,
  "simple-logger.ts": `export const simpleLogger = {
    name: "simpleLogger",
    description: "Lines with their level",
    setup: (globals) => {
      globals.simpleLogger = {
        info: (text) => console.log("[INFO] " + text),
        error: (text) => console.error("[ERROR] " + text),
      };
    },
  }`,
  "fetch.ts": `export default {
    name: "fetch",
    setup: (globals) => { globals.fetch = async (url) => ({ ok: true, data: { url } }) },
  }`,
  "ledger.ts": `export default {
      name: "ledger",
      permissions: ({ config }) => ({ net: [new URL(config.DATABASE_URL).hostname + ":5432"] }),
      setup: (globals) => { globals.ledger = {} },
    }`,
};

let calls = 0;
const counter = {
  name: "counter",
  setup: (globals: Record<string, unknown>) => {
    globals.counter = { next: () => ++calls };
  },
};

describe.each(["isolated", "none"] as const)("a tool at level %s", (sandbox) => {
  const run = (code: string, tools: string[], input?: unknown) =>
    isolate.execute({ code, tools, sandbox, ...(input !== undefined && { input }) });

  it("reaches the host it names", async () => {
    const output = await run("export default (path) => http.get(path)", ["http"], "/users");
    expect(output).toMatchObject({ ok: true, result: { path: "/users" } });
  });

  it("writes to the log of the execution", async () => {
    const code = `export default (data) => {
      simpleLogger.info("begun");
      try {
        return data.missing.field;
      } catch (error) {
        simpleLogger.error("failed: " + error.name);
        throw error;
      }
    }`;
    const output = await run(code, ["simpleLogger"], {});
    expect(output.logs).toMatchObject([
      { level: "log", message: "[INFO] begun" },
      { level: "error", message: "[ERROR] failed: TypeError" },
      { level: "exception", name: "TypeError" },
    ]);
  });

  it("takes the place of a global of the runtime, for who asks for it", async () => {
    const code = "export default async (url) => (await fetch(url)).data";
    const output = await run(code, ["fetch"], "http://nowhere.example/");
    expect(output).toMatchObject({ ok: true, result: { url: "http://nowhere.example/" } });
  });

  it("is frozen into the global scope", async () => {
    const code = `export default () => {
      try { globalThis.http = 1 } catch (error) { return [error.name, typeof http.get] }
    }`;
    expect((await run(code, ["http"])).result).toEqual(["TypeError", "function"]);
  });
});

it("code that names no tool reaches none of its hosts", async () => {
  const code = "export default async (host) => (await fetch('http://' + host + '/')).status";
  const output = await isolate.execute({ code, input: host });
  expect(output.error).toMatchObject({ name: "NotCapable" });
});

it("a tool computes its permissions from the database's URL", async () => {
  const request = { code: "export default () => 1", tools: ["ledger"] };
  const { permissions } = await isolate.plan(request);
  expect(permissions).toMatchObject({ net: ["db.example.com:5432"] });
});

it("an object of this process is a tool for trusted code alone", async () => {
  const request = { code: "export default () => counter.next()", tools: ["counter"] };
  expect(await isolate.execute({ ...request, sandbox: "none" })).toMatchObject({ result: 1 });
  await expect(isolate.execute(request)).rejects.toThrow('only level "none" can use');
});

it("a tool nobody knows is refused, and the known ones are listed", async () => {
  const refused = isolate.execute({ code: "export default () => 1", tools: ["crypto", "nope"] });
  await expect(refused).rejects.toThrow(
    /Unknown tool "nope"; there is crypto, channel, database, db, http, simpleLogger, fetch, ledger/,
  );
});
