import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentEngine } from "../../src/engines/explain/host-faults.ts";
import { until } from "../contract/engine-contract.ts";
import { containersOf, sandboxTicks } from "../helpers/containers.ts";
import { inGVisor } from "../helpers/gvisor.ts";
import { ownTime } from "../helpers/own-time.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

const LOOP = "export default () => { while (true) {} }";
const WAIT = "export default () => new Promise((resolve) => setTimeout(resolve, 60_000))";
const GOOD = { code: "export default (x) => x * 2", input: 21 };

describe("a running server", () => {
  let server: TestServer;
  beforeAll(async () => {
    // One sandbox is warm beside the one that runs, so that a test sees what it does.
    server = await TestServer.start({ ISOLATE_POOL_MIN: "2" });
  });
  afterAll(async () => {
    const { runDirectory } = server;
    expect(await server.dispose()).toEqual([]);
    expect(await containersOf(runDirectory)).toEqual([]);
  });

  it("answers an endless loop in time, and the processor is free a second later", async () => {
    await server.ready();
    const warm = [...(await sandboxTicks(server.runDirectory)).keys()];
    const taken = ownTime(server.pid);
    const output = await server.execute({ code: LOOP, timeout: 1_000 });
    expect(taken()).toBeLessThan(1_100);
    expect(output.logs?.[0]).toMatchObject({ name: "TimeoutError" });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = await sandboxTicks(server.runDirectory);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const after = await sandboxTicks(server.runDirectory);
    // One of them ran the loop, which would use 50 ticks. New ones may still be starting.
    const left = warm.filter((pid) => after.has(pid));
    expect(left.length).toBeLessThan(warm.length);
    for (const pid of left) {
      expect((after.get(pid) ?? 0) - (before.get(pid) ?? 0)).toBeLessThan(10);
    }
  });

  it.each([
    ["heap", "export default () => { const a = []; for (;;) a.push([1]) }"],
    [
      "buffers",
      "export default () => { const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1)) }",
    ],
  ])("ends code that allocates %s without end", async (_what, code) => {
    const output = await server.execute({ code, timeout: 90_000 });
    const ended = output.logs?.at(-1);
    // The engine does not learn of every kill by gVisor that memory was the reason.
    if (inGVisor && ended?.name === "CrashError") expect(ended.message).toContain("137");
    else {
      expect(ended).toMatchObject({
        level: "exception",
        name: "MemoryError",
        message: "Memory limit of 256 MB exceeded",
      });
    }
    await server.ready();
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
  });

  it.each([
    ["stdout", "Deno.stdout.writeSync(b)"],
    ["stderr", "Deno.stderr.writeSync(b)"],
  ])("survives code that floods %s", async (_what, write) => {
    const code = `export default () => { const b = new Uint8Array(65536).fill(65); const end = Date.now() + 1000; let n = 0; while (Date.now() < end) { ${write}; n += 1 } return n > 0 }`;
    expect(await server.execute({ code })).toMatchObject({ ok: true, result: true });
    await server.ready();
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
  });

  it("ends the sandbox of a caller who hangs up", async () => {
    await server.ready();
    const caller = new AbortController();
    const answer = server.post({ code: LOOP, timeout: 60_000 }, caller.signal).catch(() => "gone");
    const leased = async (): Promise<number> => {
      const ready = await fetch(`${server.url}/readyz`);
      return ((await ready.json()) as { pool: { leased: number } }).pool.leased;
    };
    await until(async () => (await leased()) === 1);
    caller.abort();
    expect(await answer).toBe("gone");
    await until(async () => (await leased()) === 0);
  });

  it("refuses a body of 1 GB with bounded memory, and serves the next request", async () => {
    const before = await residentMegabytes(server.pid);
    const status = await sendEndless(server.url, 1_000_000_000);
    expect(status).toBe(413);
    // A server that kept the body would grow by 1,000. Garbage of what it reads takes some tens.
    expect((await residentMegabytes(server.pid)) - before).toBeLessThan(300);
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
  });

  it("serves a level with one layer when it is asked for", async () => {
    const output = await server.execute({ ...GOOD, sandbox: "isolated" });
    expect(output).toMatchObject({ ok: true, result: 42 });
  });

  it("runs code in as much memory as the request says", async () => {
    const code = "export default () => new Uint8Array(3e8).fill(1).length";
    expect(await server.execute({ code, timeout: 20_000 })).toMatchObject({ ok: false });
    const output = await server.execute({ code, memory: 512, timeout: 20_000 });
    expect(output).toMatchObject({ ok: true, result: 3e8 });
  });
});

describe("a server that ends", () => {
  it("finishes what runs, refuses the rest and removes everything on SIGTERM", async () => {
    const server = await TestServer.start();
    const code = "export default () => new Promise((r) => setTimeout(() => r('done'), 1500))";
    const running = server.execute({ code, timeout: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const exited = server.stop("SIGTERM");
    expect(await running).toMatchObject({ ok: true, result: "done" });
    expect(await exited).toBe(0);
    expect(await containersOf(server.runDirectory)).toEqual([]);
    expect(await readdir(server.runDirectory)).toEqual([]);
    await server.dispose();
  });

  it("does not wait for ever on SIGTERM", async () => {
    const server = await TestServer.start({ ISOLATE_DRAIN: "300" });
    const answer = server.post({ code: LOOP, timeout: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const exited = server.stop("SIGTERM");
    const response = await answer;
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { name: "ShuttingDown" } });
    expect(await exited).toBe(0);
    expect(await containersOf(server.runDirectory)).toEqual([]);
    await server.dispose();
  });

  it("by SIGKILL during ten executions leaves nothing once it has started again", async () => {
    const server = await TestServer.start({ ISOLATE_POOL_MAX: "12", ISOLATE_POOL_MIN: "4" });
    // Some loop. All ten would leave no processor to others.
    const executions = Array.from({ length: 10 }, (_, n) =>
      server.post({ code: n < 2 ? LOOP : WAIT, timeout: 60_000 }).catch(() => "lost"),
    );
    await until(async () => (await containersOf(server.runDirectory, "sandbox")).length >= 10);
    const orphans = await containersOf(server.runDirectory);
    const [instance] = await readdir(server.runDirectory);
    expect(await server.stop("SIGKILL")).toBe("SIGKILL");
    await Promise.all(executions);
    await server.start();
    const started = Date.now();
    await until(async () => {
      const left = await containersOf(server.runDirectory);
      return !left.some((id) => orphans.includes(id));
    });
    await until(async () => !(await readdir(server.runDirectory)).includes(instance ?? ""));
    expect(Date.now() - started).toBeLessThan(5_000);
    await server.ready();
    expect(await server.execute(GOOD)).toMatchObject({ ok: true, result: 42 });
    await server.dispose();
  });

  it("leaves the containers of another living server alone when it starts", async () => {
    const first = await TestServer.start({ ISOLATE_POOL_MIN: "1" });
    const before = await containersOf(first.runDirectory);
    const second = new TestServer(first.runDirectory, { ISOLATE_POOL_MIN: "1" });
    await second.start();
    await second.ready();
    const after = await containersOf(first.runDirectory);
    expect(after).toEqual(expect.arrayContaining(before));
    await second.stop();
    expect(await first.execute(GOOD)).toMatchObject({ ok: true });
    expect(await first.dispose()).toEqual([]);
  });
});

describe("a server without an engine", () => {
  it("serves one layer to requests that ask for none, and says what to do for two", async () => {
    const server = await TestServer.start({ ISOLATE_ENGINE: "none" });
    expect(await server.execute(GOOD)).toMatchObject({ result: 42 });
    const response = await server.post({ ...GOOD, sandbox: "container" });
    expect(response.status).toBe(503);
    const { error } = (await response.json()) as { error: { name: string; message: string } };
    expect(error.name).toBe("EngineUnavailable");
    expect(error.message).toContain('{"sandbox":"isolated"}');
    expect(await server.dispose()).toEqual([]);
  });

  it("says so once, in the doctor's words, while the engine it wants does not answer", async () => {
    const directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const socket = `${directory}/docker.sock`;
    const server = new TestServer(directory, { DOCKER_HOST: `unix://${socket}` });
    await server.start();
    const words = silentEngine(socket, Object.assign(new Error(), { code: "ENOENT" }));
    const said = `${words.message}. ${words.advice}`;
    await until(() => server.log.includes("No Docker Engine answers"));
    const response = await server.post(GOOD);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).toContain(said);
    expect(await server.execute({ ...GOOD, sandbox: "isolated" })).toMatchObject({ result: 42 });
    expect(await server.dispose()).toEqual([]);
    const lines = server.log.split("\n").filter((line) => line.includes("No Docker Engine"));
    const told = lines.filter((line) => !line.includes("The request failed"));
    expect(told.map((line) => JSON.parse(line))).toMatchObject([{ level: "error", msg: said }]);
  });

  // tests/process/mistakes.test.ts has servers with an unknown setting, and with an engine elsewhere.
  it.each([
    ...(SOAK
      ? ([
          ["an engine elsewhere", { DOCKER_HOST: "tcp://127.0.0.1:2375" }, "on this host"],
          ["an unknown setting", { ISOLATE_POOL: "3" }, "Unknown setting ISOLATE_POOL"],
        ] as const)
      : []),
    [
      "a run directory that is too long",
      { ISOLATE_ENGINE: "none", ISOLATE_RUN_DIR: `/tmp/${"x".repeat(90)}` },
      "bytes too long for sockets: name a shorter one by ISOLATE_RUN_DIR",
    ],
    [
      "a store out of reach",
      { ISOLATE_ENGINE: "none", ISOLATE_STORE_URL: "postgres://a:secret@127.0.0.1:1/x" },
      "ECONNREFUSED). See that it runs, and that ISOLATE_STORE_URL names",
    ],
  ] as const)("does not start with %s, and says why", async (_what, env, message) => {
    const directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const server = new TestServer(directory, env as Record<string, string>);
    await expect(server.start()).rejects.toThrow(message);
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });
});

describe("a server whose port is taken", () => {
  it("says so in one line, ends with a failure and leaves nothing", async () => {
    const first = await TestServer.start({ ISOLATE_ENGINE: "none" });
    const directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const PORT = new URL(first.url).port;
    const second = new TestServer(directory, { ISOLATE_ENGINE: "none", PORT });
    await expect(second.start()).rejects.toThrow("EADDRINUSE");
    const lines = second.log.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "fatal", msg: expect.stringContaining(`127.0.0.1:${PORT} (EADDRINUSE): end it`) },
    ]);
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
    await first.dispose();
  });
});

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
}

/** Sends up to `bytes` without announcing the length. Resolves with the answer's status. */
function sendEndless(url: string, bytes: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const upload = request(`${url}/execute`, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
      upload.destroy();
    });
    // The server closes the connection of a body it refuses; the answer came before.
    upload.on("error", (error) => setTimeout(() => reject(error), 500));
    const chunk = Buffer.alloc(1_000_000, 32);
    let sent = 0;
    const send = (): void => {
      while (sent < bytes && !upload.destroyed) {
        sent += chunk.length;
        if (!upload.write(chunk)) {
          upload.once("drain", send);
          return;
        }
      }
      upload.end();
    };
    send();
  });
}
