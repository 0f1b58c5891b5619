/** Tests the Python client: by its own tests, by the programs of its pages, and by a checker of types. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isText } from "../helpers/answers.ts";
import { fencesOf } from "../helpers/markdown.ts";
import { pageAt } from "../helpers/pages.ts";
import { REUSING, TestServer } from "../helpers/server.ts";

const run = promisify(execFile);

const CLIENT = fileURLToPath(new URL("../../clients/python", import.meta.url));
const ADMIN_KEY = "a".repeat(64);
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const hasMypy = spawnSync("mypy", ["--version"]).status === 0;
const needsPython = it.skipIf(!hasPython);

let server: TestServer;
let directory: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-python-"));
  server = await TestServer.start({
    ...REUSING,
    ISOLATE_ENGINE: "none",
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_SECRET_KEY: "b".repeat(64),
    ISOLATE_TENANT_SANDBOX: "isolated",
  });
  env = {
    ...process.env,
    PYTHONPATH: CLIENT,
    PYTHONDONTWRITEBYTECODE: "1",
    ISOLATE_URL: server.url,
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
  };
});
afterAll(async () => {
  await server.dispose();
  await rm(directory, { recursive: true });
});

needsPython("its own tests pass, against this server and against a scripted one", async () => {
  const tests = ["-W", "error", "-m", "unittest", "discover", "tests"];
  const { stderr } = await run("python3", tests, { cwd: CLIENT, env });
  expect(stderr).toMatch(/\nRan \d\d tests in .*\n\nOK\n$/);
});

needsPython("the programs of its pages print what they say", async () => {
  const admin = async (method: string, path: string, body: object): Promise<{ key: string }> => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${ADMIN_KEY}` };
    const init = { method, headers, body: JSON.stringify(body) };
    return (await (await fetch(`${server.url}/admin/tenants/${path}`, init)).json()) as never;
  };
  await admin("PUT", "docs", {});
  const { key } = await admin("POST", "docs/keys", {});
  const programs = ["docs/api/python.md", "clients/python/README.md"].flatMap((path) =>
    // That with files needs a container: tests/e2e/files.test.ts runs it.
    fencesOf(pageAt(path).text).filter(
      ({ info, text }) => info === "python" && !text.includes("artifacts="),
    ),
  );
  expect(programs.length).toBe(5);
  for (const { text } of programs) {
    const printed = [...text.matchAll(/ {2}# (.*)$/gm)].map(([, shown]) => shown).join("\n");
    const program = text.replaceAll("http://127.0.0.1:8787", server.url);
    const { stdout } = await run("python3", ["-c", program], { env: { ...env, ISOLATE_KEY: key } });
    expect(printed).not.toBe("");
    expect(isText(printed, stdout), stdout).toBe(true);
  }
});

it.skipIf(!hasMypy)("its types hold, and refuse a wrong call", async () => {
  const strict = ["--strict", "--enable-incomplete-feature=Unpack", "--cache-dir", directory];
  const check = (...files: string[]) =>
    run("mypy", [...strict, ...files], { cwd: CLIENT, env: { ...env, MYPYPATH: CLIENT } });
  await check("isolate_client", "tests");
  const wrong = `from isolate_client import Client\nClient("http://a").execute("", timeout="long", entri="x")\n`;
  const refused = await check("-c", wrong).catch(({ stdout }) => ({ stdout: `${stdout}` }));
  expect(refused.stdout).toContain('"timeout"');
  expect(refused.stdout).toContain('"entri"');
});
