/**
 * Tests that the platform around code is the runtime's own: timers, listeners, modules, variables.
 * The same programs run here and in Workers of one plain Deno process.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { denoBinary } from "../../src/deno/deno.ts";
import { createIsolate, type Isolate } from "../../src/isolate.ts";
import type { ExecuteRequest, Output } from "../../src/request/types.ts";
import { LISTENERS, MODULES, type Program, TIMERS, WORK } from "../contract/platform-programs.ts";
import { IN_KEPT } from "../helpers/soak.ts";

const PROGRAMS: readonly Program[] = [...TIMERS, ...LISTENERS, ...MODULES];
/** Runs a program as a sandbox does, and tells its result and what it has logged. */
const AROUND = `
  const said = [];
  console.log = (...parts) => said.push(parts.join(" "));
  const post = self.postMessage.bind(self);
  const text = JSON.stringify;
  self.onmessage = async ({ data }) => {
    const main = (await import(data)).default;
    const result = await main();
    post(text([result, said]));
  };`;
/** Runs programs beside each other, which a line before this has. */
const PLAIN = `
  const url = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const told = await Promise.all(programs.map((code) => new Promise((resolve, reject) => {
    const worker = new Worker(url(around), { type: "module" });
    worker.onmessage = ({ data }) => { resolve(JSON.parse(data)); worker.terminate(); };
    worker.onerror = (event) => { event.preventDefault(); resolve(event.message); };
    worker.postMessage(url(code));
  })));
  console.log(JSON.stringify(told));`;

let directory: string;
let isolate: Isolate;
let plain: [result: unknown, said: string[]][];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "platform-"));
  isolate = await createIsolate({
    ...{ runDirectory: directory, trusted: true },
    config: { cluster: { min: 1, prepared: 0 } },
  });
  const file = join(directory, "plain.js");
  const programs = JSON.stringify(PROGRAMS.map(({ code }) => code));
  const head = `const programs = ${programs}, around = ${JSON.stringify(AROUND)};`;
  await writeFile(file, `${head}${PLAIN}`);
  const options = ["run", "--quiet", "--no-config", "--allow-all"];
  const { stdout } = await promisify(execFile)(denoBinary(), [...options, file]);
  plain = JSON.parse(stdout);
});
afterAll(async () => {
  await isolate.close();
  await rm(directory, { recursive: true });
});

const messages = ({ logs = [] }: Output) => logs.map(({ message }) => message);

describe.each(["isolated", "none"] as const)("the platform at level %s", (sandbox) => {
  const run = (code: string, more?: Partial<ExecuteRequest>) =>
    isolate.execute({ code, sandbox, ...more });
  const here = <T extends { none?: true }>(items: readonly T[]): readonly T[] =>
    items.filter(({ none }) => sandbox !== "none" || none);

  it.each(here(PROGRAMS))("has $name as plain Deno", async (program) => {
    const output = await run(program.code, sandbox === "isolated" ? IN_KEPT : {});
    const [result, said] = plain[PROGRAMS.indexOf(program)] as (typeof plain)[number];
    expect(output).toMatchObject({ outcome: "ok" });
    expect([JSON.parse(JSON.stringify(output.result)), messages(output)]).toEqual([result, said]);
  });

  it.each(here(WORK))("waits for $name", async ({ code, logs = [] }) => {
    const output = await run(code, { timeout: 20_000 });
    expect(output).toMatchObject({ outcome: "ok" });
    expect(messages(output)).toEqual(logs);
    expect(output.duration).toBeLessThan(10_000);
  });

  it("waits no longer than its time for what does not end", async () => {
    const code = `export default () => { const next = () => setImmediate(next); next(); console.log("on") }`;
    const output = await run(code, { timeout: 2_500 });
    expect(output).toMatchObject({ outcome: "ok", logs: [{ message: "on" }] });
    expect(output.duration).toBeGreaterThan(1_000);
  });

  it("drops a timer that takes longer than the time for it", async () => {
    const output = await run(
      `export default () => { setTimeout(() => console.log("late"), 9_000) }`,
    );
    expect(output).toMatchObject({ outcome: "ok" });
    expect(output.logs).toBeUndefined();
    expect(output.duration).toBeGreaterThanOrEqual(95);
  });
});

describe("failures that listeners hear of", () => {
  const run = (code: string) => isolate.execute({ code, sandbox: "isolated" });
  const after =
    "for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setTimeout(resolve, 10)); return 1";

  it.each([
    ["a rejection", "unhandledrejection", `Promise.reject(new RangeError("r"));`],
    ["an error", "error", `setTimeout(() => { throw new RangeError("r") }, 1);`],
  ])("%s fails the execution unless it is prevented", async (_what, event, cause) => {
    const code = `addEventListener("${event}", (event) => { event.stopImmediatePropagation(); console.log("heard") });
      export default async () => { ${cause} ${after} }`;
    const output = await run(code);
    expect(output).toMatchObject({ outcome: "exception" });
    expect(output.logs).toMatchObject([
      { message: "heard" },
      {
        name: "RangeError",
        message: "r",
        stack: expect.stringMatching(/^RangeError: r\n {4}at .*main\.ts:2:\d+\)?$/),
      },
    ]);
  });

  it.each([
    ["a rejection", `Promise.reject(new RangeError("r"));`],
    ["an error", `setTimeout(() => { throw new RangeError("r") }, 1);`],
  ])("%s fails it, though code has replaced what events are made of", async (_what, cause) => {
    const code = `EventTarget.prototype.dispatchEvent = () => true; Event.prototype.preventDefault = () => {};
      removeEventListener("error", null);
      Object.defineProperty(Event.prototype, "defaultPrevented", { get: () => true });
      globalThis.PromiseRejectionEvent = globalThis.ErrorEvent = undefined; WeakSet.prototype.has = () => true;
      export default async () => { ${cause} ${after} }`;
    const output = await run(code);
    // Where code has replaced what the runtime itself calls, the runtime ends the Worker.
    const message = expect.stringMatching(/^(Uncaught RangeError: )?r$/);
    expect(output).toMatchObject({ outcome: "exception", logs: [{ message }] });
  });

  it("fails the execution with the error of a listener", async () => {
    const code = `addEventListener("unhandledrejection", () => { throw new Error("of the listener") });
      export default async () => { Promise.reject(1); ${after} }`;
    expect(await run(code)).toMatchObject({
      outcome: "exception",
      logs: [{ message: "of the listener" }],
    });
  });

  it("says good-bye when code ends the process itself", async () => {
    const code = `process.on("exit", (code) => console.log("bye", code)); export default () => process.exit(3)`;
    expect(messages(await run(code))).toEqual(["bye 3", "Code called process.exit(3)"]);
  });
});

describe("variables without a grant", () => {
  const run = (code: string, permissions?: ExecuteRequest["permissions"]) =>
    // Asking 100,000 times takes seconds on a busy machine.
    isolate.execute({
      code,
      sandbox: "isolated",
      timeout: 20_000,
      ...(permissions && { permissions }),
    });

  it("are undefined in process.env, and the answer tells of it", async () => {
    const code = `import { env } from "node:process";
      export default () => { const { NODE_ENV, then } = env; return [env.DEBUG ?? "off", typeof NODE_ENV, "CI" in env] }`;
    const output = await run(code);
    expect(output.result).toEqual(["off", "undefined", false]);
    expect(output.warnings).toEqual([
      "process.env.NODE_ENV, process.env.DEBUG: not granted, so undefined",
    ]);
    expect(output.denied).toMatchObject([
      { kind: "env", value: "NODE_ENV", by: "worker" },
      { kind: "env", value: "DEBUG" },
    ]);
  });

  it("are refused by Deno.env, and told of once", async () => {
    const output = await run(
      `export default () => { process.env.DEBUG; return Deno.env.get("DEBUG") }`,
    );
    expect(output).toMatchObject({
      outcome: "exception",
      denied: [{ kind: "env", value: "DEBUG" }],
    });
    expect(output.denied).toHaveLength(1);
  });

  it("are few and short in the answer, whatever code asks for", async () => {
    const code = `export default () => {
      process.env["x".repeat(100)]; process.env["<b>"]; process.env[Symbol.iterator];
      for (let n = 0; n < 100_000; n += 1) process.env["N" + n];
    }`;
    const { warnings = [], denied } = await run(code);
    expect(warnings[0]).toMatch(
      /^process\.env\.N0, .*process\.env\.N9: not granted, so undefined$/,
    );
    expect(denied).toHaveLength(10);
  });

  it("are not in a worker of the code's own either", async () => {
    const code = `export default () => new Promise((resolve) => {
      const worker = new Worker("data:text/javascript,postMessage([process.env.ABC, Object.keys(process.env)])", { type: "module" });
      worker.onmessage = ({ data }) => { resolve(data); worker.terminate(); };
      worker.onerror = (event) => { event.preventDefault(); resolve(event.message); };
    })`;
    expect((await run(code)).result).toEqual([null, []]);
  });
});

describe("a machine that tells nothing of its host", () => {
  it("answers what node:os and process are asked", async () => {
    const code = `import os, { tmpdir, cpus } from "node:os";
      export default () => [
        tmpdir(), os.homedir(), os.hostname(), cpus().length === navigator.hardwareConcurrency, os.EOL, os.release(),
        os.userInfo().username, os.networkInterfaces(), os.loadavg(), os.totalmem() > os.freemem(), os.uptime() >= 0,
        process.getuid(), process.umask(), process.argv.length, \`\${os.tmpdir}\`,
        ["hostname", "osRelease"].map((name) => { try { return Deno[name]() } catch (e) { return e.name } }),
      ]`;
    const { result } = await isolate.execute({ code, sandbox: "isolated" });
    expect(result).toEqual([
      ...["/tmp", "/tmp", "localhost", true, "\n", "0.0.0", "nobody", {}, [0, 0, 0], true, true],
      ...[65_534, 0o022, 2, "/tmp", ["NotCapable", "NotCapable"]],
    ]);
  });
});

describe("the main program", () => {
  it("is no worker, and has no parent", async () => {
    const code = `import { isMainThread } from "node:worker_threads";
      const { WorkerGlobalScope: scope } = globalThis;
      export default () => [
        isMainThread, typeof scope, typeof DedicatedWorkerGlobalScope, typeof WorkerLocation, typeof WorkerNavigator,
        typeof importScripts, ["send", "disconnect", "channel", "connected"].filter((name) => name in process),
        process.getgroups(),
      ]`;
    const { result } = await isolate.execute({ code, sandbox: "isolated" });
    const none = Array.from({ length: 5 }, () => "undefined");
    expect(result).toEqual([true, ...none, [], [65_534]]);
  });
});

describe("what an earlier call of kept code has left", () => {
  const left = {
    "a timer": `setTimeout(fail, 40)`,
    "a promise": `new Promise((resolve) => setTimeout(resolve, 40)).then(fail)`,
  };
  it.each(Object.entries(left))(
    "%s fails no later one, and its log is nobody's",
    async (_what, start) => {
      const code = `let calls = 0;
      const fail = () => { console.log("stray"); throw new Error("of call 1") };
      export default async (n) => {
        calls += 1;
        if (n === 1) { ${start}; return calls; }
        await new Promise((resolve) => setTimeout(resolve, 300));
        console.log("own");
        return calls;
      }`;
      const call = (input: number) =>
        isolate.execute({ code, input, reuse: "code", sandbox: "isolated" });
      expect(await call(1)).toMatchObject({ outcome: "ok", result: 1 });
      const second = await call(2);
      expect(second).toMatchObject({ outcome: "ok" });
      expect(messages(second)).toEqual(["own"]);
      // Its sandbox is not kept after a failure, or has ended before.
      expect(await call(2)).toMatchObject({ outcome: "ok", result: second.result === 2 ? 1 : 2 });
    },
  );

  it("is waited for by the call that has begun it alone", async () => {
    const code = `import { webcrypto } from "node:crypto";
      const { port1 } = new MessageChannel();
      const digest = () => webcrypto.subtle.digest("SHA-256", new Uint8Array(3_000_000));
      export default (open) => {
        if (open) port1.onmessage = () => {};
        else digest().then(digest).then(() => console.log("done"));
      }`;
    const call = (input: boolean) =>
      isolate.execute({ code, input, reuse: "code", sandbox: "isolated", timeout: 1_500 });
    expect(messages(await call(false))).toEqual(["done"]);
    expect(messages(await call(false))).toEqual(["done"]);
    await call(true);
    const last = await call(false);
    expect(last.outcome).toBe("ok");
    expect(last.duration).toBeLessThan(1_000);
  });
});
