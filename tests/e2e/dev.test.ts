/** Tests that `npm run dev` runs the server from its source, and again after a change of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Files of the server, without its packages and the programs of other runtimes. */
const COPIED = ["package.json", "tsconfig.json", "bin", "server", "src", "schemas"];
const EDITED = "server/routes/health.ts";
const SHOWN = 'c.json({ status: "ok" })';

let directory: string;
let copy: string;
let child: ChildProcess | undefined;
let log = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-dev-"));
  copy = join(directory, "copy");
  await mkdir(copy);
  await mkdir(join(directory, "run"));
  for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of ["node_modules", "dist"]) await symlink(join(ROOT, name), join(copy, name));
});
afterAll(async () => {
  // The group: npm, the watcher and the server. All of its files are below the directory.
  if (child?.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await rm(directory, { recursive: true, maxRetries: 10 });
});

/** Resolves with the server's answer once it has listened `times` times. */
async function shownBy(times: number): Promise<unknown> {
  for (let tries = 0; tries < 4; tries += 1) {
    const urls = await until(() => listening().length >= times).then(listening, listening);
    const url = urls[times - 1];
    if (url !== undefined) return (await fetch(`${url}/healthz`)).json();
  }
  throw new Error(`It has listened ${listening().length} times, not ${times}: ${log}`);
}

function listening(): string[] {
  return [...log.matchAll(/listens on (http:[^\s"]+)/g)].map(([, url = ""]) => url);
}

it("starts again after an edit, and ends the server before", async () => {
  // The scripts before it build what is here already.
  child = spawn("npm", ["run", "dev", "--ignore-scripts"], {
    cwd: copy,
    env: {
      ...process.env,
      PORT: "0",
      ISOLATE_ENGINE: "none",
      ISOLATE_RUN_DIR: join(directory, "run"),
      ISOLATE_STORE_URL: join(directory, "store"),
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
    });
  }
  expect(await shownBy(1)).toEqual({ status: "ok" });
  const path = join(copy, EDITED);
  const source = await readFile(path, "utf8");
  expect(source).toContain(SHOWN);
  await writeFile(path, source.replace(SHOWN, 'c.json({ status: "edited" })'));
  expect(await shownBy(2)).toEqual({ status: "edited" });
  await expect(fetch(`${listening()[0]}/healthz`)).rejects.toThrow();
  expect(await readdir(join(directory, "run"))).toHaveLength(1);
}, 120_000);
