/** Tests the routes in the shape of Piston, with requests as its public documentation shows them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IN_PROCESSES, TestServer } from "../helpers/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ ...IN_PROCESSES, ISOLATE_POOL_MAX: "8" });
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
  readonly code: number | null;
  readonly signal: string | null;
}

async function post(body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${server.url}/api/v2/execute`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Runs a program, and returns what it has written. */
async function run(content: string, more: object = {}): Promise<Run> {
  const request = { language: "js", version: "*", files: [{ content }], ...more };
  const { status, body } = await post(request);
  expect([status, body]).toEqual([200, expect.objectContaining({ language: expect.any(String) })]);
  return body.run as Run;
}

describe("GET /api/v2/runtimes", () => {
  it("lists both languages with their aliases", async () => {
    const list = await (await fetch(`${server.url}/api/v2/runtimes`)).json();
    expect(list).toEqual([
      expect.objectContaining({ language: "javascript", runtime: "deno" }),
      expect.objectContaining({ language: "typescript", aliases: expect.arrayContaining(["ts"]) }),
    ]);
  });
});

describe("POST /api/v2/execute", () => {
  it("takes a whole request as clients send it", async () => {
    const { status, body } = await post({
      language: "js",
      version: "15.10.0",
      files: [{ name: "my_cool_code.js", content: "console.log(process.argv)" }],
      stdin: "",
      args: ["1", "2", "3"],
      compile_timeout: 10_000,
      run_timeout: 3_000,
      compile_cpu_time: 10_000,
      run_cpu_time: 3_000,
      compile_memory_limit: -1,
      run_memory_limit: -1,
    });
    const text = "[ 'node', '/my_cool_code.js', '1', '2', '3' ]\n";
    expect([status, body]).toEqual([
      200,
      {
        language: "javascript",
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        run: {
          stdout: text,
          stderr: "",
          output: text,
          code: 0,
          signal: null,
          message: null,
          status: null,
          cpu_time: expect.any(Number),
          wall_time: expect.any(Number),
          memory: expect.any(Number),
        },
      },
    ]);
  });

  it("keeps both streams, and the order of their lines", async () => {
    const code =
      "console.log({ a: 1, b: [1, 'x'] }); console.error('e'); process.stdout.write('x\\ny\\n')";
    const { stdout, stderr, output, code: exit } = await run(code);
    expect({ stdout, stderr, output, exit }).toEqual({
      stdout: "{ a: 1, b: [ 1, 'x' ] }\nx\ny\n",
      stderr: "e\n",
      output: "{ a: 1, b: [ 1, 'x' ] }\ne\nx\ny\n",
      exit: 0,
    });
  });

  it.each([
    ["readFileSync(0)", "const fs = require('fs'); console.log(fs.readFileSync(0, 'utf8').trim())"],
    [
      "/dev/stdin",
      "import fs from 'fs'; console.log(String(fs.readFileSync('/dev/stdin')).trim())",
    ],
    [
      "events",
      "let s = ''; process.stdin.on('data', (d) => (s += d)); process.stdin.on('end', () => console.log(s.trim()))",
    ],
    [
      "lines",
      "require('readline').createInterface({ input: process.stdin }).on('line', (line) => console.log(line))",
    ],
    ["iteration", "for await (const part of process.stdin) console.log(String(part).trim())"],
    ["Deno", "console.log((await new Response(Deno.stdin.readable).text()).trim())"],
    ["prompt", "console.log(prompt()); console.log(prompt('?'))"],
  ])("gives standard input by %s", async (_, code) => {
    expect(await run(code, { stdin: "one\ntwo\n" })).toMatchObject({ stdout: "one\ntwo\n" });
  });

  it("runs TypeScript of several files, encoded ones and data", async () => {
    const encoded = Buffer.from("export const twice = (n: number): number => 2 * n").toString(
      "base64",
    );
    const main =
      'import { twice } from "./lib.ts"; import fs from "node:fs"; enum E { A = 21 }\n' +
      'console.log(twice(E.A), fs.readFileSync("data.csv", "utf8"))';
    const files = [
      { name: "main.ts", content: main },
      { name: "lib.ts", content: encoded, encoding: "base64" },
      { name: "data.csv", content: "1;2" },
    ];
    const { status, body } = await post({ language: "typescript", version: "5.0.3", files });
    expect([status, body]).toMatchObject([
      200,
      { language: "typescript", run: { stdout: "42 1;2\n", code: 0 } },
    ]);
  });

  it.each([
    ["an exit code", "console.log(1); process.exit(3)", { stdout: "1\n", stderr: "", code: 3 }],
    ["an exit without failure", "process.exit()", { stdout: "", stderr: "", code: 0 }],
    [
      "an exception",
      "console.log('a'); null.x",
      { stdout: "a\n", stderr: expect.stringContaining("TypeError"), code: 1, status: "RE" },
    ],
    [
      "a text that does not parse",
      "const x = ;",
      { stdout: "", stderr: expect.stringMatching(/^SyntaxError: file0\.code\.js:1:11/), code: 1 },
    ],
  ])("tells of %s", async (_, code, expected) => {
    expect(await run(code)).toMatchObject({ signal: null, ...expected });
  });

  it("ends a program at its time, with what it had written", async () => {
    const ended = await run("console.log('begun'); for (;;);", { run_timeout: 2_000 });
    const expected = { stdout: "begun\n", code: null, signal: "SIGKILL", status: "TO" };
    expect(ended).toMatchObject(expected);
  });

  it("has no network and no files of the sandbox", async () => {
    const code = `const tries = [() => fetch("http://192.0.2.1/"), () => Deno.readTextFile("/etc/passwd")];
      for (const one of tries) await one().then(() => console.log("open"), (e) => console.log(e.name));`;
    expect((await run(code)).stdout).toBe("NotCapable\nNotCapable\n");
  });

  it("records each as an execution of its tenant", async () => {
    await run("console.log('recorded')");
    const { executions } = await (await fetch(`${server.url}/executions?limit=1`)).json();
    expect(executions).toEqual([expect.objectContaining({ via: "execute", outcome: "ok" })]);
  });

  const files = [{ content: "1" }];
  it.each<[fault: string, body: object, message: string]>([
    [
      "another language",
      { language: "python", version: "3", files },
      "python-3 runtime is unknown",
    ],
    ["no version", { language: "js", version: "new", files }, "js-new runtime is unknown"],
    ["no files", { language: "js", version: "*", files: [] }, "files"],
    ["no language", { version: "*", files }, "language"],
    ["too long a time", { language: "js", version: "*", files, run_timeout: 1e9 }, "run_timeout"],
    ["too much memory", { language: "js", version: "*", files, run_memory_limit: 1e15 }, "memory"],
    [
      "a path that leads out",
      { language: "js", version: "*", files: [{ name: "../x.js", content: "1" }] },
      "files",
    ],
    [
      "one name twice",
      {
        language: "js",
        version: "*",
        files: [
          { name: "a.js", content: "1" },
          { name: "a.js", content: "2" },
        ],
      },
      "files[1].name",
    ],
  ])("refuses %s with a message alone", async (_, body, message) => {
    const { status, body: told } = await post(body);
    expect([status, told]).toEqual([400, { message: expect.stringContaining(message) }]);
  });
});
