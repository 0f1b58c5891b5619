import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assemble } from "../../server/assemble.ts";
import { createLogger } from "../../server/log/logger.ts";
import { readSettings } from "../../server/settings.ts";
import type { Store } from "../../server/store/contract/store.ts";
import { until } from "../contract/engine-contract.ts";

describe("a control plane", () => {
  let directory = "";
  const logger = createLogger({ level: "silent" });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-assemble-"));
  });

  afterAll(() => rm(directory, { recursive: true }));

  it("starts sandboxes while its store is opened, and leaves none if that fails", async () => {
    const settings = readSettings({ ISOLATE_ENGINE: "none", ISOLATE_RUN_DIR: directory });
    let fail = (_: Error): void => {};
    const store = new Promise<Store>((_, reject) => {
      fail = reject;
    });
    const assembled = assemble({ settings, logger, store });
    assembled.catch(() => {});
    await until(async () => {
      const names = await readdir(directory, { recursive: true });
      return names.some((name) => name.endsWith("control.sock"));
    });
    fail(new Error("It is away"));
    await expect(assembled).rejects.toThrow("It is away");
    expect(await readdir(directory)).toEqual([]);
  });

  it("closes its store if it cannot start sandboxes", async () => {
    const file = join(directory, "file");
    await writeFile(file, "");
    const settings = readSettings({ ISOLATE_ENGINE: "none", ISOLATE_RUN_DIR: file });
    let closed = false;
    const close = async (): Promise<void> => {
      closed = true;
    };
    const store = sleep(50, { close } as Store);
    await expect(assemble({ settings, logger, store })).rejects.toThrow(file);
    expect(closed).toBe(true);
  });
});
