import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../server/store/open.ts";
import { storeDirectory } from "../helpers/store.ts";

const WRITER = fileURLToPath(new URL("../helpers/store-writer.ts", import.meta.url));

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

  it("is not taken from a holder in this process either, and is free when it is closed", async () => {
    const store = await openStore(directory);
    await expect(openStore(directory)).rejects.toThrow(`is used by process ${process.pid}`);
    await store.close();
    await store.close();
    await (await openStore(directory)).close();
  });
});
