/** Folders of ISOLATE_MOUNTS that are not there: at the start, and later. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const isRoot = process.getuid?.() === 0;

let directory: string;
let data: string;
let runDirectory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-mounts-"));
  data = join(directory, "data");
  runDirectory = join(directory, "run");
});
afterEach(() => rm(directory, { recursive: true }));

const mounts = (): string => JSON.stringify({ "/etc-data": "/etc", "/data": data });

/** Starts a server and resolves with how it ended, or with what it said once it listens. */
async function start(env: Record<string, string>, through: readonly string[] = []) {
  const server = ["--import", "./bin/environment.js", "dist/server/main.js"];
  const [program = "", ...args] = [...through, process.execPath, ...server];
  const child = spawn(program, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: "0",
      ISOLATE_RUN_DIR: runDirectory,
      ISOLATE_STORE_URL: join(directory, "store"),
      ISOLATE_MOUNTS: mounts(),
      ...env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
    if (said.includes("listens on") && !child.killed) child.kill();
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, said };
}

describe("a server with a folder in ISOLATE_MOUNTS that is not there", () => {
  it.each([
    ["an engine", {}],
    ["no engine", { ISOLATE_ENGINE: "none" }],
    ["an engine that does not answer", { DOCKER_HOST: "unix:///nowhere/docker.sock" }],
  ])("does not start with %s, says which, and makes none", async (_engine, env) => {
    const { code, said } = await start(env);
    expect(code).toBe(1);
    expect(said).toContain(
      `Cannot start: Bad setting ISOLATE_MOUNTS: ${data}, which is to be /data`,
    );
    expect(said).not.toContain("listens on");
    expect(existsSync(data)).toBe(false);
    expect(await readdir(runDirectory)).toEqual([]);
  });

  it.skipIf(!isRoot)("starts if it is in a container, and the engine's host has it", async () => {
    await mkdir(data);
    const hidden = ["sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', data];
    const through = ["unshare", "--mount", ...hidden];
    const below = JSON.stringify({ "/data": join(data, "below") });
    await mkdir(join(data, "below"));
    const { code, said } = await start({ ISOLATE_MOUNTS: below }, through);
    expect(said).toContain("listens on");
    expect(code).toBe(0);
    await rm(join(data, "below"), { recursive: true });
    expect((await start({ ISOLATE_MOUNTS: below }, through)).code).toBe(1);
  });
});

describe("a folder of ISOLATE_MOUNTS that goes while the server runs", () => {
  it("is refused to those who ask for it, never made, and served again once it is back", async () => {
    await mkdir(data);
    await writeFile(join(data, "a.txt"), "mounted");
    const server = await TestServer.start({ ISOLATE_MOUNTS: mounts() });
    try {
      const code = 'export default () => Deno.readTextFileSync("/data/a.txt")';
      const read = { code, permissions: { read: ["/data"] }, timeout: 20_000 };
      const other = { code: "export default () => 1", timeout: 20_000 };
      await rm(data, { recursive: true });
      for (let round = 0; round < (SOAK ? 3 : 1); round += 1) {
        const response = await server.post(read);
        expect(response.status).toBe(503);
        const { error } = await response.json();
        expect(error).toMatchObject({ code: "ENGINE_UNAVAILABLE" });
        expect(error.message).toContain("/data does not exist on this host");
        expect(error.message).not.toContain(directory);
        expect(await server.execute(other)).toMatchObject({ ok: true, result: 1 });
      }
      expect(existsSync(data)).toBe(false);
      await until(() => server.log.includes(`ISOLATE_MOUNTS: ${data}, which is to be /data`));
      await mkdir(data);
      await writeFile(join(data, "a.txt"), "again");
      // Waits for the next look at the folder, until which requests are refused.
      await until(async () => (await server.post(read)).status === 200);
      expect(await server.execute(read)).toMatchObject({ ok: true, result: "again" });
    } finally {
      expect(await server.dispose()).toEqual([]);
    }
  });
});
