/** Tests the command line as people call it: in processes of its own, against one server. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { CommandRun, type Ended, isolate } from "../helpers/command-line.ts";
import { REUSING, TestServer } from "../helpers/server.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ADMIN_KEY = "a".repeat(64);

const FILES = {
  "sum.ts": `export default (numbers: number[]) => {
    console.log("adding", numbers.length); console.error("\\x1b[2J\\x9b31mred");
    return numbers.reduce((a, b) => a + b);
  }`,
  "env.ts": "export default () => Deno.env.get('GREETING')",
  "slow.ts":
    "export default async () => { console.log('begun'); await new Promise((go) => setTimeout(go, 20_000)) }",
  "web/main.ts": `import { a } from "./lib/a.ts"; export default () => new Response(a)`,
  "web/lib/a.ts": `export const a = "from a file\\n"`,
  "web/lib/notes.md": "not sent",
  "dev/hello.ts": "export default () => { console.log('first'); return 1 }",
  "dev/page.http.ts": `export default () => new Response("page\\n")`,
  "dev/_shared.ts": "export const shared = 1",
};

let server: TestServer;
let folder: string;
let env: Record<string, string>;
const operator = () => ({ ...env, ISOLATE_KEY: ADMIN_KEY });
const call = (words: string, options: object = {}): Promise<Ended> =>
  isolate(words.split(" "), { env, cwd: folder, ...options });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isolate-cli-"));
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  server = await TestServer.start({
    ...REUSING,
    ISOLATE_ENGINE: "none",
    ISOLATE_TENANT_SANDBOX: "isolated",
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_SECRET_KEY: "b".repeat(64),
  });
  env = { ISOLATE_URL: server.url, ISOLATE_KEY: ADMIN_KEY, HOME: join(folder, "home") };
  const settings = '{"env": {"GREETING": "hello"}, "ceiling": {"env": ["GREETING"]}}';
  const made = await isolate(["tenants", "put", "acme", settings], { env });
  expect(made.code, made.stderr).toBe(0);
  const key = await call("keys create --tenant acme --label first");
  env = { ...env, ISOLATE_KEY: key.stdout.trim() };
}, 60_000);
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  await rm(folder, { recursive: true });
});

describe("run", () => {
  it("writes the result to one stream and logs to the other, without their control characters", async () => {
    const { code, stdout, stderr } = await call("run sum.ts --input [1,2,3]");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "6\n" });
    expect(stderr).toBe("adding 3\n\\u001b[2J\\u009b31mred\n");
  });

  it("names the flag that would grant what was refused, which then does", async () => {
    const refused = await call("run env.ts");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^NotCapable: /);
    expect(refused.stderr).toContain("hint ");
    expect(refused.stderr).toContain("denied env GREETING: grant it by --env GREETING\n");
    expect(await call("run env.ts --env GREETING")).toEqual({
      code: 0,
      stdout: '"hello"\n',
      stderr: "",
    });
  });

  it.each([
    ["a file", "--input @in.json", ""],
    ["standard input", "--input -", "[4]"],
  ])("reads its input from %s", async (_from, words, stdin) => {
    await writeFile(join(folder, "in.json"), "[4]");
    expect(await call(`run sum.ts ${words}`, { stdin })).toMatchObject({ code: 0, stdout: "4\n" });
  });

  it("runs code of standard input", async () => {
    expect(await call("run -", { stdin: "export default () => 7" })).toMatchObject({
      stdout: "7\n",
    });
  });

  it("writes one document with --json, for answers and for errors", async () => {
    const failed = await call("run env.ts --json");
    expect(failed).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(failed.stdout)).toMatchObject({ ok: false, denied: [{ kind: "env" }] });
    const refused = await call("run env.ts --env OTHER --json");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { status: 403, field: "permissions.env[0]" },
    });
  });

  it("says what to do about a file with relative imports", async () => {
    const { code, stderr } = await call("run web/main.ts");
    expect(code).toBe(1);
    expect(stderr).toContain("isolate deploy <name> web/main.ts");
  });

  it("runs again after a change, and ends what still runs", async () => {
    const path = join(folder, "watched.ts");
    await writeFile(path, FILES["slow.ts"]);
    const watch = new CommandRun(["run", "watched.ts", "--watch"], { env, cwd: folder });
    await until(() => watch.stderr.includes("begun"));
    await writeFile(path, "export default () => 'changed'");
    await until(() => watch.stdout.includes('"changed"'));
    watch.child.kill("SIGINT");
    expect(await watch.ended).toMatchObject({ code: 130 });
  });
});

describe("functions", () => {
  it("are deployed from a file with its imports, or from a folder", async () => {
    for (const path of ["web/main.ts", "web"]) {
      const { stdout, stderr } = await call(`deploy site ${path} --http --public`);
      const [, url = stderr] = stdout.split("\n");
      expect(await (await fetch(url)).text()).toBe("from a file\n");
    }
    const shown = JSON.parse((await call("functions show site --version 2")).stdout);
    expect(Object.keys(shown.files).sort()).toEqual(["lib/a.ts", "main.ts"]);
  });

  it("are called, rolled back, listed and deleted", async () => {
    await call("deploy sum sum.ts");
    await call("deploy sum env.ts");
    expect((await call("functions rollback sum 1")).stdout).toContain("version 1");
    expect(await call("functions invoke sum --input [1,2]")).toMatchObject({
      code: 0,
      stdout: "3\n",
    });
    expect((await call("functions")).stdout).toMatch(
      /^NAME +KIND .*\n(site .*\n)?sum +value +1 +2 /,
    );
    expect((await call("functions delete sum --json")).stdout).toBe('{\n  "deleted": "sum"\n}\n');
    expect(await call("functions show sum")).toMatchObject({ code: 1, stdout: "" });
  });

  it("tell what they log, until Ctrl-C", async () => {
    await call("deploy talk sum.ts");
    const follow = new CommandRun(["logs", "talk", "--follow"], { env });
    // Calls it until the server follows.
    await until(async () => {
      await call("functions invoke talk --input [1]");
      return follow.stdout.includes("adding 1");
    });
    follow.child.kill("SIGINT");
    expect(await follow.ended).toMatchObject({ code: 130, stderr: "Interrupted\n" });
    await until(async () => (await call("logs talk --json --level error")).stdout !== "");
    const [line = ""] = (await call("logs talk --json --level error")).stdout.split("\n");
    expect(JSON.parse(line)).toMatchObject({ version: 1, logs: [{ level: "error" }] });
    const listed = await call("executions --function talk --since 1h --limit 1 --json");
    const { executions } = JSON.parse(listed.stdout);
    expect(executions).toMatchObject([{ function: "talk", outcome: "ok" }]);
    expect((await call(`executions logs ${executions[0].id}`)).stdout).toContain("adding 1");
  });

  it("have schedules", async () => {
    await call("deploy night sum.ts");
    const words = ["schedules", "put", "night", "at-3", "0 3 * * *", "--input", "[1]"];
    expect((await isolate(words, { env })).stdout).toMatch(/^at-3: next \d{4}-/);
    expect((await call("schedules list night")).stdout).toMatch(/at-3 +0 3 \* \* \* +UTC/);
  });

  it("of a folder are served while they change", async () => {
    const dev = new CommandRun(["dev", "dev"], { env, cwd: folder });
    await until(() => dev.stdout.includes("/invoke") && dev.stdout.includes("/f/acme/page/"));
    const called = () => call("functions invoke hello");
    await until(async () => {
      await called();
      return dev.stdout.includes("hello │ first");
    });
    await writeFile(join(folder, "dev/hello.ts"), "export default () => {");
    await until(() => dev.stderr.includes("hello is not deployed"));
    await writeFile(join(folder, "dev/hello.ts"), "export default () => 2");
    await until(() => dev.stdout.includes("hello v2"));
    expect((await called()).stdout).toBe("2\n");
    dev.child.kill("SIGINT");
    expect(await dev.ended).toMatchObject({ code: 130 });
    expect((await call("functions")).stdout).not.toContain("_shared");
  });
});

it("shows what would be granted, and fails for what would be refused", async () => {
  expect((await call("plan env.ts --env GREETING")).stdout).toMatch(/^variables +GREETING$/m);
  const refused = await call("plan env.ts --env OTHER");
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/^refused +permissions.env\[0\]: /m);
});

describe("what is nobody else's business", () => {
  it("is read from standard input: secrets and keys", async () => {
    expect(await call("secrets put TOKEN", { stdin: "a-secret-value\n" })).toMatchObject({
      code: 0,
    });
    expect((await call("secrets")).stdout).toMatch(/TOKEN +1 /);
    expect(await call("secrets put TOKEN a-secret-value")).toMatchObject({ code: 2 });
    expect(await call("secrets put TOKEN")).toMatchObject({ code: 2 });
  });

  it("is kept for its owner alone, and sent to no other server", async () => {
    const asked: (string | undefined)[] = [];
    const other = createServer(({ headers }, response) => {
      asked.push(headers.authorization);
      response.end("{}");
    }).listen(0, "127.0.0.1");
    await until(() => other.listening);
    const home = { HOME: join(folder, "home") };
    const login = ["login", "--profile", "first", "--url", server.url];
    const done = await isolate(login, { env: home, stdin: `${env.ISOLATE_KEY}\n` });
    expect(done.stdout).toBe(`${server.url} knows you as tenant acme\n`);
    const { mode } = await stat(join(folder, "home/.config/isolate/config.json"));
    expect(mode & 0o777).toBe(0o600);
    expect(await call("functions --json", { env: home })).toMatchObject({ code: 0 });
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await call("usage --json", { env: { ...home, ISOLATE_URL: url } });
    await call(`usage --json --url ${url}`, { env: home });
    await call(`usage --json --url ${url}`, { env: { ...home, ISOLATE_KEY: "own" } });
    other.close();
    expect(asked).toEqual([undefined, undefined, "Bearer own"]);
    const bad = await isolate(login, { env: home, stdin: "wrong" });
    expect(bad).toMatchObject({ code: 1, stdout: "" });
    const text = await readFile(join(folder, "home/.config/isolate/config.json"), "utf8");
    expect(text).not.toContain("wrong");
  });
});

it("manages tenants by the operator's key, and tells a tenant what is refused", async () => {
  const patched = await isolate(
    ["tenants", "patch", "acme", '{"rate": {"requests": 1, "seconds": 600}}'],
    { env: operator() },
  );
  expect(JSON.parse(patched.stdout)).toMatchObject({ rate: { requests: 1 } });
  await call("run env.ts");
  const often = await call("run env.ts");
  expect(often).toMatchObject({ code: 1 });
  expect(often.stderr).toMatch(/\(429 RATE_LIMIT\)\n {2}→ Try again in \d+ s\n/);
  await call("tenants suspend acme --reason unpaid", { env: operator() });
  expect((await call("functions")).stderr).toContain("unpaid");
  await call("tenants resume acme", { env: operator() });
  await isolate(["tenants", "patch", "acme", '{"rate": null}'], { env: operator() });
  expect((await call("usage --all", { env: operator() })).stdout).toMatch(/^acme +\d+/m);
  const refused = await call("tenants");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("needs another key");
  const scoped = await call("keys create --scope execute --expires 1h --json");
  const { id, scopes } = JSON.parse(scoped.stdout);
  expect(scopes).toEqual(["execute"]);
  expect(await call(`keys revoke ${id}`)).toMatchObject({ code: 0 });
});

it("asks for host names, which the operator verifies", async () => {
  expect((await call("hosts put Shop.example.com --function site")).stdout).toBe(
    "shop.example.com waits until the operator verifies it\n",
  );
  const verified = await call("hosts verify shop.example.com acme", { env: operator() });
  expect(verified.stdout).toBe("shop.example.com is served, for acme\n");
  expect((await call("hosts")).stdout).toMatch(/^shop\.example\.com +site +\d{4}-/m);
  expect((await call("hosts --all", { env: operator() })).stdout).toMatch(
    /example\.com +acme +site/,
  );
  expect((await call("hosts delete shop.example.com")).code).toBe(0);
  expect(JSON.parse((await call("hosts --json")).stdout)).toEqual({ hosts: [] });
});

it("awaits, cancels and lists jobs", async () => {
  const submit = async (code: string): Promise<string> => {
    const headers = {
      "content-type": "application/json",
      authorization: `Bearer ${env.ISOLATE_KEY}`,
      prefer: "respond-async",
    };
    const body = JSON.stringify({ code, timeout: 60_000 });
    const answer = await fetch(`${server.url}/execute`, { method: "POST", headers, body });
    return ((await answer.json()) as { id: string }).id;
  };
  const [done, slow] = [await submit("export default () => 5"), await submit(FILES["slow.ts"])];
  const waited = await call(`jobs wait ${done}`);
  expect(JSON.parse(waited.stdout)).toMatchObject({ status: "done", answer: { result: 5 } });
  expect((await call(`jobs cancel ${slow}`)).stderr).toBe(`${slow} is cancelled\n`);
  await until(async () => (await call(`jobs show ${slow}`)).stdout.includes('"cancelled"'));
  const listed = await call("jobs list --tenant acme", { env: operator() });
  expect(listed.stdout).toMatch(new RegExp(`^${done} +acme +- +done +1 `, "m"));
  expect((await call("jobs list --status gone", { env: operator() })).stderr).toContain("status");
});

it("shows what was refused, who has changed what, which servers there are, and sets", async () => {
  await call("run env.ts");
  await until(async () => /^\d+ +env +GREETING /m.test((await call("denials")).stdout));
  const changes = await call("audit --tenant acme --action tenant.create", { env: operator() });
  expect(changes.stdout).toMatch(/Z +admin +tenant\.create +acme +acme +\{"changed":/);
  expect((await call("audit")).stderr).toContain("needs another key");
  expect((await call("nodes", { env: operator() })).stdout).toMatch(/ alive +\d{4}-/);
  expect(await call("packages")).toMatchObject({ code: 0, stderr: "There are no sets\n" });
  expect(await call("packages put dates")).toMatchObject({ code: 2 });
  const shared = await call("packages list --shared --json", { env: operator() });
  expect(JSON.parse(shared.stdout)).toEqual({ sets: [] });
});

describe("mistakes are told", () => {
  it.each([
    ["run sum.ts --imput 1", 2, "Unknown flag --imput; did you mean --input?"],
    ["run sum.ts -i 1", 2, "Unknown flag -i"],
    ["doctor --clustr", 2, "Unknown flag --clustr; did you mean --cluster?"],
    ["deplyo x y", 2, 'Unknown command deplyo; did you mean "deploy"?'],
    ["run", 2, "MODULE is missing"],
    ["run a.ts b.ts", 2, 'Unexpected "b.ts"'],
    ["run sum.ts --timeout soon", 2, "--timeout takes a duration"],
    ["run sum.ts --env A=b", 2, "give values to code by --input"],
    ["run sum.ts --input {", 2, "--input is no JSON"],
    ["run none.ts", 1, "none.ts cannot be read: there is no such file"],
    ["functions --profile none", 2, 'There is no profile "none"'],
    ["dev dev --url http://example.com", 2, "--remote"],
  ])("%s", async (words, code, message) => {
    const ended = await call(words);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(message);
  });

  it("no server answers, or wants a key", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await until(() => closed.listening);
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const nobody = await call(`run env.ts --url http://127.0.0.1:${port}`);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain("start one with `isolate start`");
    const { stderr } = await call("functions", { env: { ISOLATE_URL: server.url } });
    expect(stderr).toContain("(401 UNAUTHORIZED)\n  → The server wants a key: `isolate login`");
  });

  it("a reader that goes away is none", async () => {
    const listing = new CommandRun(["executions"], { env });
    listing.child.stdout?.destroy();
    expect(await listing.ended).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("on a terminal", () => {
  it("has colours unless NO_COLOR is set", async () => {
    const coloured = await call("run sum.ts --input [1]", { terminal: true });
    expect(coloured.stdout).toContain("\x1b[31m\\u001b[2J");
    const plain = await call("run env.ts", { terminal: true, env: { ...env, NO_COLOR: "1" } });
    expect(plain).toMatchObject({ code: 1 });
    expect(plain.stdout).not.toMatch(/\x1b\[\d+m/);
  });

  it("shows progress, and Ctrl-C ends the execution", async () => {
    const slow = new CommandRun(["run", "slow.ts", "--timeout", "30s"], {
      env,
      cwd: folder,
      terminal: true,
    });
    await until(() => slow.stdout.includes("begun"));
    expect(slow.stdout).toContain("running");
    slow.press("\x03");
    expect(await slow.ended).toMatchObject({ code: 130 });
    await until(async () => {
      const { stdout } = await call("executions --limit 1 --outcome aborted --json");
      return JSON.parse(stdout).executions.length > 0;
    });
  });
});

describe("the package of the client", () => {
  let project: string;
  beforeAll(async () => {
    project = join(folder, "project");
    await mkdir(project);
    await writeFile(join(project, "package.json"), '{"type": "module"}');
    const packed = ["pack", "--silent", "--pack-destination", project];
    const { stdout } = await run("npm", packed, { cwd: join(ROOT, "dist/client-package") });
    await run("npm", ["install", "--no-audit", "--no-fund", "--offline", `./${stdout.trim()}`], {
      cwd: project,
    });
  }, 60_000);

  it("is small, depends on nothing, and has the same commands", async () => {
    const { stdout } = await run("du", ["-sk", join(project, "node_modules")]);
    expect(Number.parseInt(stdout, 10)).toBeLessThan(3 * 1024);
    const program = join(project, "node_modules/.bin/isolate");
    expect(await call("run sum.ts --input [5]", { program })).toMatchObject({
      code: 0,
      stdout: "5\n",
    });
    const help = await call("--help", { program });
    expect(help.stdout).toContain("deploy");
    expect(help.stdout).not.toContain("doctor");
  });

  it("has types that are whole, and the client", async () => {
    const program = `
      import { type Answer, createClient } from "isolate-client";
      const [url = "", key] = process.argv.slice(2);
      const answer: Answer<number> = await createClient({ url, key }).execute({ code: "export default () => 6" });
      // @ts-expect-error There is no such field.
      const wrong = answer.reslt;
      console.log(answer.result, wrong);`;
    const declared = "declare const process: { argv: string[] };";
    await writeFile(join(project, "main.ts"), `${declared}${program}`);
    const options = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2023"];
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    await run(tsc, [...options, "--module", "nodenext", "main.ts"], { cwd: project }).catch(
      ({ stdout }: { stdout: string }) => expect(stdout).toBe(""),
    );
    const args = ["main.js", server.url, env.ISOLATE_KEY ?? ""];
    const { stdout } = await run(process.execPath, args, { cwd: project });
    expect(stdout).toBe("6 undefined\n");
  });
});
