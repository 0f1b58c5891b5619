/**
 * Tests level none: the behaviour it shares with a sandbox, and each difference that
 * docs/security/isolation-levels.md lists.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BadRequest } from "../../src/base/errors.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";

let directory: string;
let isolate: Isolate;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await createIsolate({ runDirectory: directory, trusted: true });
});
afterAll(async () => {
  await isolate.close();
  await rm(directory, { recursive: true });
});

const none = (request: Omit<ExecuteRequest, "sandbox">) =>
  isolate.execute({ ...request, sandbox: "none" });

describe("level none", () => {
  it("has to be asked for by the host, not by a request alone", async () => {
    const cautious = await createIsolate({ runDirectory: directory, useCluster: false });
    const execution = cautious.execute({ code: "export default () => 1", sandbox: "none" });
    await expect(execution).rejects.toMatchObject({ field: "sandbox" });
    await expect(execution).rejects.toBeInstanceOf(BadRequest);
    await cautious.close();
  });

  it("is there for requests that do not say, if the configuration says so", async () => {
    const settings = { sandbox: "none" } as const;
    const own = await createIsolate({ runDirectory: directory, config: settings });
    const output = await own.execute({ code: "export default () => process.pid" });
    expect(output.result).toBe(process.pid);
    await own.close();
  });

  it("keeps the host's own objects out of the code's way", async () => {
    const code = `export default () => {
      Array.prototype.map = null; JSON.parse = null; Promise.prototype.then = null;
      globalThis.fetch = null; globalThis.left = 1;
      return Object.keys(globalThis) }`;
    expect(await none({ code })).toMatchObject({ ok: true, result: ["left"] });
    expect([1].map((x) => JSON.parse(`${x}`))).toEqual([1]);
    expect(fetch).toBeTypeOf("function");
    expect(globalThis).not.toHaveProperty("left");
  });

  it("has Node's functions return what the code knows", async () => {
    const code = `import { readFileSync } from "node:fs";
      export default async () => {
        const bytes = new TextEncoder().encode("x");
        let error; try { readFileSync("/missing") } catch (thrown) { error = thrown }
        return [bytes instanceof Uint8Array, error instanceof Error, error instanceof TypeError,
          new TypeError() instanceof Error, {} instanceof Error, structuredClone(bytes)] }`;
    const result = [true, true, false, true, false, [120]];
    expect(await none({ code })).toMatchObject({ ok: true, result });
  });

  it("imports statically and dynamically", async () => {
    const code = `import path, { join as glue } from "node:path";
      import * as os from "node:os";
      import type { Stats } from "node:fs";
      export const use = 3, module = 4;
      export const sum = use + module;
      export * from "node:url";
      export default async () => [glue("a", "b"), path.sep, typeof os.cpus, sum,
        typeof (await import("node:fs")).readFileSync]`;
    const result = ["a/b", "/", "function", 7, "function"];
    expect(await none({ code })).toMatchObject({ ok: true, result });
    expect(await none({ code, entry: "fileURLToPath", input: "file:///x" })).toMatchObject({
      result: "/x",
    });
  });

  it("shows where in the code it failed", async () => {
    const code = "\nexport const ok = 1;\nexport default function fails() {\n  null.x;\n}\n";
    const { error } = await none({ code });
    expect(error?.stack).toMatch(/\n {4}at (Module\.)?fails \(main\.ts:4:8\)$/);
    const top = await none({ code: "\n\nthrow new Error('top')" });
    expect(top.error?.stack).toBe("Error: top\n    at main.ts:3:7");
    const { error: parse } = await none({ code: "export default () => {\n  return 1 +\n}" });
    expect(parse).toMatchObject({
      name: "SyntaxError",
      message: expect.stringMatching(/^Unexpected .* \(\d+:\d+\)$/),
    });
    expect(parse).not.toHaveProperty("stack");
  });

  it("interrupts what does not return, in callbacks and after an import, too", async () => {
    const loop = "while (true) {}";
    for (const code of [
      `export default () => { ${loop} }`,
      `await 1; export default () => { ${loop} }`,
      `export default () => new Promise(() => setTimeout(() => { ${loop} }, 1))`,
      `export default () => new Promise(() => setImmediate(() => { ${loop} }))`,
    ]) {
      const { error } = await none({ code, timeout: 200 });
      expect(error).toMatchObject({ name: "TimeoutError" });
    }
  });

  it("survives what its code leaves behind", async () => {
    const late = `import { setTimeout as wait } from "node:timers/promises";
      const fail = async () => { await wait(30); throw new Error("late") };
      export default () => { void fail(); return 1 }`;
    expect(await none({ code: late })).toMatchObject({ ok: true, result: 1 });
    const ticking = "export default () => { setInterval(() => process.ticked(), 5); return 2 }";
    // A tick may come before the answer.
    Object.assign(process, { ticked: () => {} });
    expect(await none({ code: ticking })).toMatchObject({ ok: true, result: 2 });
    // The realm ends after the answer has been sent.
    await sleep(50);
    let ticks = 0;
    Object.assign(process, { ticked: () => (ticks += 1) });
    await sleep(100);
    Reflect.deleteProperty(process, "ticked");
    expect(ticks).toBe(0);
  });
});

describe("what level none does not enforce", () => {
  it("files, environment and network: all of the host's", async () => {
    const code = `import { readFileSync } from "node:fs"; import { createServer } from "node:net";
      export default async (path) => {
        const server = createServer().listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        server.close();
        return [readFileSync(path, "utf8"), process.env.PATH] }`;
    const path = new URL("../../package.json", import.meta.url).pathname;
    const { result } = await none({ code, input: path });
    expect(result).toEqual([await readFile(path, "utf8"), process.env.PATH]);
    const { error } = await isolate.execute({ code, input: path });
    expect(error).toMatchObject({ name: "NotCapable" });
  });

  it("memory", async () => {
    const code = `export default () => {
      const all = []; for (let i = 0; i < 300; i++) all.push(new Uint8Array(1e6).fill(1));
      return all.length }`;
    const request = { code, memory: 128, timeout: 20_000 };
    expect(await none(request)).toMatchObject({ ok: true, result: 300 });
    expect((await isolate.execute(request)).error).toMatchObject({ name: "MemoryError" });
  });

  it.each([
    ["a loop that follows an await", "export default async () => { await 1; while (true) {} }"],
    ["an end of the process", "import { exit } from 'node:process'; export default () => exit(7)"],
  ])("%s", async (what, code) => {
    const library = new URL("../../src/isolate.ts", import.meta.url).href;
    const program = `
      const { createIsolate } = await import(${JSON.stringify(library)});
      const config = { sandbox: "none" };
      const isolate = await createIsolate({ config, runDirectory: ${JSON.stringify(directory)} });
      console.log("started");
      await isolate.execute({ code: ${JSON.stringify(code)}, timeout: 100 });
      console.log("answered");`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", program];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    const loops = what.startsWith("a loop");
    while (loops && !said.includes("started")) await sleep(20);
    if (loops) {
      await sleep(1_000);
      child.kill("SIGKILL");
    }
    expect(await ended).toBe(loops ? null : 7);
    expect(said).toBe("started\n");
  });
});
