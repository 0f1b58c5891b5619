import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { builtPath } from "../../../src/base/package-root.ts";
import { denoBinary } from "../../../src/deno/deno.ts";
import {
  AdminClient,
  Cleanup,
  Client,
  directory,
  eventually,
  listenLocally,
  outcome,
  say,
  startUpstream,
} from "../../helpers/egress.ts";

/** The built proxy, because a loader of TypeScript takes half a second for each start. */
const MAIN = builtPath("programs", "egress.js");
const RUNTIMES: [name: string, program: string, argv: string[]][] = [
  ["Node", process.execPath, [MAIN]],
  ["Deno", denoBinary(), ["run", "--no-lock", "-A", MAIN]],
];

/** Request that changes nothing and gets an answer. */
const NOTHING = { op: "configure", hosts: {}, private: [] };

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function start(program: string, args: string[]) {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanup.add(() => stop(child));
  let output = "";
  // Its last lines arrive after its exit.
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const listening = new Promise<void>((resolve) => {
    child.stdout.on("data", (data) => {
      output += data;
      if (output.includes('"listening"')) resolve();
    });
  });
  /** Lines that are complete. */
  const lines = () => output.split("\n").slice(0, -1).map(parse);
  return { child, exited, listening, lines };
}

/** Sends endlessly, as fast as it is read. */
function pour(socket: Socket): void {
  while (socket.writable && socket.write(Buffer.alloc(65_536, "z")));
  socket.once("drain", () => pour(socket));
}

const parse = (line: string) => JSON.parse(line) as Record<string, unknown>;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

const limited = (limits: unknown) => ["PATH", JSON.stringify({ limits })];

describe.each(RUNTIMES)("the proxy's process under %s", (_name, program, argv) => {
  it("ends by itself a while after its last control plane has gone, or if none ever came", async () => {
    const path = await directory(cleanup);
    const run = (name: string, endAfter: number) =>
      start(program, [...argv, join(path, name), JSON.stringify({ endAfter })]);
    const never = run("never.sock", 300);
    const served = run("served.sock", 3_000);
    await served.listening;
    const [first, second] = [1, 2].map(() => new AdminClient(join(path, "served.sock")));
    expect(await first?.ask(NOTHING)).toMatchObject({ ok: true });
    expect(await never.exited).toBe(0);
    // It may end before it has said that it listens.
    const stopping = { event: "stopping", reason: "no control plane" };
    expect(never.lines()).toContainEqual(expect.objectContaining(stopping));
    first?.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(await second?.ask(NOTHING)).toMatchObject({ ok: true });
    second?.socket.destroy();
    expect(await served.exited).toBe(0);
  });

  it("stays where it is not told to end", async () => {
    const path = await directory(cleanup);
    const main = start(program, [...argv, join(path, "admin.sock")]);
    await main.listening;
    const admin = new AdminClient(join(path, "admin.sock"));
    await admin.ask(NOTHING);
    admin.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(main.child.exitCode).toBe(null);
  });

  it("serves tunnels and exchanges, cuts them, and logs what it decided", async () => {
    const server = createServer((request, response) => {
      let bytes = 0;
      request.on("data", (chunk) => {
        bytes += chunk.length;
      });
      request.on("end", () => response.end(`${request.method} ${bytes} ${"x".repeat(500_000)}`));
    });
    const port = await listenLocally(server);
    const name = `up.test:${port}`;
    const known = `localhost:${port}`;
    cleanup.add(() => {
      server.closeAllConnections();
      server.close();
    });
    const path = await directory(cleanup);
    const hosts = { "up.test": "127.0.0.1" };
    const limits = { idleTimeoutMs: 5_000 };
    const options = JSON.stringify({ hosts, private: [name, known], limits });
    const main = start(program, [...argv, join(path, "admin.sock"), options]);
    await main.listening;
    const admin = new AdminClient(join(path, "admin.sock"));
    const socket = join(path, "egress.sock");
    const policy = { allow: [name, known] };
    expect(
      await admin.ask({ op: "open", egress: { socket, policy }, run: "r", tenant: "t" }),
    ).toEqual({
      id: 1,
      ok: true,
    });

    const body = Buffer.alloc(1_000_000, "y");
    const post = new Client(socket);
    post.write(`POST http://${name}/ HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`);
    post.write(body);
    await post.closed;
    expect(post.text).toMatch(/\r\n\r\nPOST 1000000 x{500000}$/);

    const half = new Client(socket);
    half.socket.end(`CONNECT ${name} HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n`);
    await half.closed;
    expect(half.text).toMatch(/Established\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*GET 0 x{500000}$/);

    const answer = await say(socket, "CONNECT evil.test:443 HTTP/1.1\r\n\r\n");
    expect(outcome(answer)).toBe("HOST_NOT_ALLOWED");

    // The system's own resolver answers this one.
    const live = new Client(socket);
    live.write(`CONNECT ${known} HTTP/1.1\r\n\r\n`);
    await live.until(/ 200 /);
    const report = await admin.close("r");
    await live.closed;
    expect(report).toMatchObject({ tunnels: 3, denied: [{ value: "evil.test:443", count: 1 }] });
    const events = main.lines().map(({ event, code }) => [event, code]);
    expect(events[0]).toEqual(["listening", undefined]);
    expect(events).toContainEqual(["decision", "HOST_NOT_ALLOWED"]);
    expect(events).toContainEqual(["end", "CLOSED"]);

    main.child.kill("SIGTERM");
    expect(await main.exited).toBe(0);
    expect(existsSync(join(path, "admin.sock"))).toBe(false);
  });

  it("holds a run to its limits, and survives whatever the host does", async () => {
    const upstream = await startUpstream(cleanup, (socket) => {
      socket.on("data", (chunk) => {
        const asked = String(chunk);
        if (asked.includes("reset")) socket.resetAndDestroy();
        if (asked.includes("flood")) pour(socket);
      });
    });
    const name = `up.test:${upstream.port}`;
    const path = await directory(cleanup);
    // Long enough for a busy machine, and waited for at once.
    const limits = { idleTimeoutMs: 3_000, headTimeoutMs: 3_000, bytesIn: 50_000_000 };
    const hosts = { "up.test": "127.0.0.1" };
    const options = JSON.stringify({ hosts, private: [name], limits });
    const main = start(program, [...argv, join(path, "admin.sock"), options]);
    await main.listening;
    const admin = new AdminClient(join(path, "admin.sock"));
    const socket = join(path, "egress.sock");
    const policy = { allow: [name] };
    await admin.ask({ op: "open", egress: { socket, policy }, run: "r", tenant: "t" });
    const connectText = `CONNECT ${name} HTTP/1.1\r\n\r\n`;

    const [idle = "", headless = "", unanswered = ""] = await Promise.all(
      [connectText, "CONN", `GET http://${name}/ HTTP/1.1\r\n\r\n`].map((text) =>
        say(socket, text),
      ),
    );
    expect(idle).toMatch(/^HTTP\/1\.1 200 /);
    expect(outcome(headless)).toBe("HEAD_TIMEOUT");
    expect(outcome(unanswered)).toBe("IDLE_TIMEOUT");
    expect(await say(socket, `${connectText}reset`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(outcome(await say(socket, `GET http://${name}/reset HTTP/1.1\r\n\r\n`))).toBe(
      "UPSTREAM_FAILED",
    );

    const slow = new Client(socket);
    slow.write(`${connectText}flood`);
    await slow.until(/ 200 /);
    slow.socket.pause();
    // No client reads, so the host's bytes stay with it until the idle timeout.
    await eventually(() => main.lines().filter(({ code }) => code === "IDLE_TIMEOUT").length === 3);
    const last = main
      .lines()
      .filter(({ event }) => event === "end")
      .at(-1);
    expect(last?.bytesIn).toBeLessThan(16 * 1_048_576);
    slow.socket.destroy();

    const flood = await say(socket, `${connectText}flood`);
    expect(flood.length).toBeLessThan(50_000_100);
    const report = await admin.close("r");
    expect(report.denied.map(({ code }) => code)).toEqual(["HEAD_TIMEOUT", "LIMIT_BYTES"]);
    await eventually(() => main.lines().at(-1)?.code === "LIMIT_BYTES");
    expect(main.lines().at(-1)).toMatchObject({ event: "end", code: "LIMIT_BYTES" });
    admin.socket.destroy();
  });

  it.each([
    ["no socket", [], /Usage/],
    ["a socket that cannot be", ["/proc/nonexistent/admin.sock"], /nonexistent/],
    [
      "a metadata address",
      ["PATH", '{"private":["169.254.169.254:80"]}'],
      /private: 169\.254\.169\.254:80.*metadata/,
    ],
    ["an end that cannot be", ["PATH", '{"endAfter":0}'], /endAfter is no number of milliseconds/],
    ["an unknown option", ["PATH", '{"privat":[]}'], /There is no option "privat"/],
    ["no JSON", ["PATH", "{"], /JSON/],
    ["limits that are none", limited([]), /limits is no object/],
    ["an unknown limit", limited({ x: 1 }), /limits has no x/],
    ["an inherited limit", limited({ toString: 1 }), /limits has no toString/],
    ["a limit of zero", limited({ tunnels: 0 }), /limits.tunnels is not an integer from 1/],
    ["a limit that is no number", limited({ tunnels: "1" }), /limits.tunnels is not an integer/],
    ["a time no timer runs", limited({ idleTimeoutMs: 2 ** 31 }), /limits.idleTimeoutMs is not/],
  ])("ends with a message for %s", async (_what, args, message) => {
    const path = join(await directory(cleanup), "admin.sock");
    const main = start(program, [...argv, ...args.map((arg) => (arg === "PATH" ? path : arg))]);
    expect(await main.exited).toBe(1);
    expect(main.lines().at(-1)).toMatchObject({
      event: "failed",
      message: expect.stringMatching(message),
    });
  });
});
