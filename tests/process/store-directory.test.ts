import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../server/store/open.ts";
import { storeDirectory } from "../helpers/store.ts";

const WRITER = fileURLToPath(new URL("../helpers/store-writer.ts", import.meta.url));

async function everything(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return [directory, ...names.map((name) => join(directory, name))];
}

describe("a store's directory", () => {
  let directory = "";

  beforeAll(async () => {
    directory = await storeDirectory();
  });

  afterAll(() => rm(dirname(directory), { recursive: true, force: true }));

  it("is one process's at a time, and has all it was told when that one is killed", async () => {
    const writer = spawn(process.execPath, ["--import", "tsx", WRITER, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const written: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      if (line === "open") {
        await expect(openStore(directory)).rejects.toThrow(`is used by process ${writer.pid}`);
      } else written.push(line);
      if (written.length === 20) break;
    }
    const exited = once(writer, "exit");
    writer.kill("SIGKILL");
    await exited;
    const store = await openStore(directory);
    const kept = await store.executions.list("tenant", { limit: 100 });
    await store.close();
    expect(kept.map(({ id }) => id)).toEqual(expect.arrayContaining(written));
    expect(await readdir(join(directory, "lock"))).toEqual([]);
  });

  it("is its owner's alone, whatever the umask is and was before", async () => {
    for (const path of await everything(directory)) await chmod(path, 0o777);
    const start = 'umask 000 && exec "$0" --import tsx "$1" "$2"';
    const writer = spawn("sh", ["-c", start, process.execPath, WRITER, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let written = 0;
    for await (const _line of createInterface({ input: writer.stdout })) {
      written += 1;
      if (written === 5) break;
    }
    const paths = await everything(directory);
    const open: string[] = [];
    for (const path of paths) if (((await stat(path)).mode & 0o077) !== 0) open.push(path);
    const exited = once(writer, "exit");
    writer.kill("SIGKILL");
    await exited;
    expect(open).toEqual([]);
    expect(paths.some((path) => path.includes("/lock/"))).toBe(true);
    expect(paths.length).toBeGreaterThan(500);
  });

  it("is not taken from a holder in this process either, and is free when it is closed", async () => {
    const store = await openStore(directory);
    await expect(openStore(directory)).rejects.toThrow(`is used by process ${process.pid}`);
    await store.close();
    await store.close();
    await (await openStore(directory)).close();
  });
});
