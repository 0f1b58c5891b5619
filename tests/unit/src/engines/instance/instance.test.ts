import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Instance } from "../../../../../src/engines/instance/instance.ts";
import { leaveSocket } from "../../../../helpers/egress.ts";

let runDirectory: string;
beforeEach(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
});
afterEach(() => rm(runDirectory, { recursive: true }));

describe("an instance", () => {
  it("is alive until it is closed, and leaves nothing", async () => {
    const first = await Instance.create(runDirectory);
    const second = await Instance.create(runDirectory);
    expect(await second.isProvedDead(first.id)).toBe(false);
    expect(await second.removeDead()).toEqual([]);
    await first.close();
    await second.close();
    expect(await readdir(runDirectory)).toEqual([]);
  });

  it("keeps other users of the host out", async () => {
    const instance = await Instance.create(join(runDirectory, "run"));
    // Sandboxes of other users pass through root's directory without reading it.
    const passage = process.getuid?.() === 0 ? 0o711 : 0o700;
    expect((await stat(join(runDirectory, "run"))).mode & 0o777).toBe(passage);
    expect((await stat(instance.directory)).mode & 0o777).toBe(0o700);
    await instance.close();
  });

  it("is proved dead by its socket alone, and then even without it", async () => {
    const instance = await Instance.create(runDirectory);
    await mkdir(join(runDirectory, "deadbeef"));
    await leaveSocket(join(runDirectory, "deadbeef/alive.sock"));
    expect(await instance.isProvedDead("deadbeef")).toBe(true);
    expect(await instance.isProvedDead("aaaaaaaa")).toBe(false);
    expect(await instance.removeDead()).toEqual(["deadbeef"]);
    expect(await instance.isProvedDead("deadbeef")).toBe(true);
    await instance.close();
  });

  it("is left alone while it has lost its socket and makes it again", async () => {
    const robbed = await Instance.create(runDirectory);
    const instance = await Instance.create(runDirectory);
    await writeFile(join(robbed.directory, "file"), "");
    await rm(join(robbed.directory, "alive.sock"));
    expect(await instance.removeDead()).toEqual([]);
    expect(await readdir(robbed.directory)).toContain("file");
    await Promise.all([robbed.close(), instance.close()]);
  });

  it("removes what dead ones left, their sockets included", async () => {
    const dead = join(runDirectory, "deadbeef");
    await mkdir(join(dead, "slot"), { recursive: true });
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(dead, "other.sock"), resolve));
    const hourAgo = Date.now() / 1_000 - 3_600;
    await utimes(dead, hourAgo, hourAgo);
    const instance = await Instance.create(runDirectory);
    expect(await instance.removeDead()).toEqual(["deadbeef"]);
    expect(await readdir(runDirectory)).toEqual([instance.id]);
    socket.close();
    await instance.close();
  });

  it("touches nothing that is not an instance's", async () => {
    await mkdir(join(runDirectory, "important/data"), { recursive: true });
    const instance = await Instance.create(runDirectory);
    expect(await instance.removeDead()).toEqual([]);
    expect(await readdir(join(runDirectory, "important"))).toEqual(["data"]);
    await instance.close();
  });

  it("leaves one alone that is just coming to life, and removes one that never did", async () => {
    await mkdir(join(runDirectory, ".00000001"));
    await mkdir(join(runDirectory, ".00000002"));
    const hourAgo = Date.now() / 1_000 - 3_600;
    await utimes(join(runDirectory, ".00000002"), hourAgo, hourAgo);
    const instance = await Instance.create(runDirectory);
    expect(await instance.removeDead()).toEqual([".00000002"]);
    await instance.close();
  });

  it("is never half there, however many start at once", async () => {
    const instances = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const instance = await Instance.create(runDirectory);
        await instance.removeDead();
        return instance;
      }),
    );
    for (const instance of instances) expect(await readdir(instance.directory)).not.toEqual([]);
    for (const instance of instances) await instance.close();
  });
});
