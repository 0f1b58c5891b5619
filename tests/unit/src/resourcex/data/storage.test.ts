import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { archiveFrom } from "../../../../../src/resourcex/archive/archive.ts";
import { ARCHIVE_LIMITS } from "../../../../../src/resourcex/archive/archive-limits.ts";
import {
  ContentError,
  LocatorError,
  RegistryError,
} from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { toStorable } from "../../../../../src/resourcex/data/storable.ts";
import { FileStorage } from "../../../../../src/resourcex/data/storage.ts";
import { contentOf, resource, scratch } from "../../../../helpers/resourcex.ts";

const HELLO = "x.org/team/hello.text@1.0.0";
const PLACE = "x.org/team/hello.text/1.0.0";
const hello = toStorable(HELLO);

async function opened() {
  const path = join(await scratch(), "root");
  const place = join(path, PLACE);
  return { path, place, storage: new FileStorage(path) };
}

async function contentIn(storage: FileStorage, locator = hello): Promise<string | undefined> {
  const found = await storage.get(locator);
  return found && contentOf(found);
}

async function listed(storage: FileStorage): Promise<string[]> {
  const all: string[] = [];
  for await (const locator of storage.list()) all.push(String(locator));
  return all.sort();
}

describe("a resource in a directory", () => {
  it("is two files, by its locator", async () => {
    const { place, storage } = await opened();
    const given = await resource(HELLO);
    await storage.put(given);
    expect((await readdir(place)).sort()).toEqual(["archive.tar.gz", "manifest.json"]);
    expect(await readFile(join(place, "archive.tar.gz"))).toEqual(await given.archive.buffer());
    expect(JSON.parse(await readFile(join(place, "manifest.json"), "utf8"))).toEqual({
      domain: "x.org",
      path: "team",
      name: "hello",
      type: "text",
      version: "1.0.0",
    });
  });

  it("is what was put there", async () => {
    const { path, storage } = await opened();
    await storage.put(await resource(HELLO, "Grüße"));
    for (const one of [storage, new FileStorage(path)]) {
      const found = await one.get(hello);
      expect(String(found?.locator)).toBe(HELLO);
      expect(found?.manifest.toLocator()).toBe(HELLO);
      expect(found && (await contentOf(found))).toBe("Grüße");
      expect(await one.exists(hello)).toBe(true);
    }
  });

  it("without a version is the latest, without a domain this host's", async () => {
    const { path, storage } = await opened();
    await storage.put(await resource("localhost/a.text@latest"));
    expect(await contentIn(storage, toStorable("a.text"))).toBe("Hello");
    expect(await readdir(join(path, "localhost/a.text/latest"))).toHaveLength(2);
  });

  it("is overwritten by its like", async () => {
    const { storage } = await opened();
    await storage.put(await resource(HELLO, "one"));
    await storage.put(await resource(HELLO, "two"));
    expect(await contentIn(storage)).toBe("two");
    expect(await listed(storage)).toEqual([HELLO]);
  });

  it("is not there before, nor after it is deleted, and nor is its directory", async () => {
    const { path, storage } = await opened();
    expect(await storage.get(hello)).toBeUndefined();
    expect(await storage.exists(hello)).toBe(false);
    await storage.delete(hello);
    await storage.put(await resource(HELLO));
    await storage.delete(hello);
    await storage.delete(hello);
    expect(await storage.get(hello)).toBeUndefined();
    expect(await storage.exists(hello)).toBe(false);
    expect(await readdir(path)).toEqual([".tmp"]);
  });

  it("is deleted beside others, which stay", async () => {
    const { storage } = await opened();
    const below = "x.org/team/hello.text/1.0.0/other.text@1";
    for (const one of [HELLO, "x.org/team/hello.text@2.0.0", below]) {
      await storage.put(await resource(one));
    }
    await storage.delete(hello);
    expect(await listed(storage)).toEqual([below, "x.org/team/hello.text@2.0.0"]);
    expect(await contentIn(storage, toStorable(below))).toBe("Hello");
  });

  it("whose files others' names could take keeps them", async () => {
    const { storage } = await opened();
    await storage.put(await resource(HELLO));
    await expect(storage.put(await resource(`${PLACE}/manifest.json@1`))).rejects.toThrow(
      LocatorError,
    );
    expect(await contentIn(storage)).toBe("Hello");
  });

  it("is found when all are listed", async () => {
    const { storage } = await opened();
    expect(await listed(storage)).toEqual([]);
    const all = ["localhost/a.text@latest", "x.org/a.b.json@1", "x.org/v1.0/p/a.text@2@3"];
    for (const one of all) await storage.put(await resource(one));
    expect(await listed(storage)).toEqual(all);
  });

  it("deleted while it is in use, is read before, or not at all", async () => {
    const { storage } = await opened();
    await storage.put(await resource(HELLO));
    const read = await storage.get(hello);
    const unread = await storage.get(hello);
    await read?.archive.extract();
    await storage.delete(hello);
    expect(read && (await contentOf(read))).toBe("Hello");
    await expect(unread?.archive.extract()).rejects.toThrow(`Resource not found: ${HELLO}`);
    await storage.put(await resource(HELLO, "again"));
    expect(unread && (await contentOf(unread))).toBe("again");
  });
});

describe("nothing half-written is seen", () => {
  it("of writers at the same time", async () => {
    const { path, storage } = await opened();
    const other = new FileStorage(path);
    const texts = Array.from({ length: 20 }, (_, at) => `${at}`.repeat(5_000));
    let done = false;
    const seen = new Set<string | undefined>();
    const watching = (async () => {
      while (!done) seen.add(await contentIn(storage));
    })();
    const puts = texts.map(async (text, at) =>
      (at % 2 ? other : storage).put(await resource(HELLO, text)),
    );
    await Promise.all(puts);
    done = true;
    await watching;
    for (const text of seen) expect([undefined, ...texts]).toContain(text);
    expect(texts).toContain(await contentIn(storage));
    expect(await readdir(join(path, ".tmp"))).toEqual([]);
  });

  it("of writers and deleters at the same time", async () => {
    const { path, storage } = await opened();
    const given = await resource(HELLO);
    let done = false;
    // The last one acts as in another process.
    const deleting = [storage, storage, new FileStorage(path)].map(async (deleter) => {
      while (!done) await deleter.delete(hello);
    });
    const writing = Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 25; round += 1) await storage.put(given);
    });
    const written = Promise.all(writing).finally(() => {
      done = true;
    });
    await Promise.all([written, ...deleting]);
    expect(await storage.exists(hello)).toBe((await storage.get(hello)) !== undefined);
    await storage.put(given);
    expect(await contentIn(storage)).toBe("Hello");
    expect(await readdir(join(path, ".tmp"))).toEqual([]);
  });

  it("of a writer that dies, whenever", async () => {
    const { path, storage } = await opened();
    const source = new URL("../../../../../src/resourcex/data/", import.meta.url);
    const script = `
      import { FileStorage } from "${source}storage.ts";
      import { resource } from "${new URL("../../../../helpers/resource-fixture.ts", import.meta.url)}";
      const storage = new FileStorage(process.argv[1]);
      for (let n = 0; ; n += 1) {
        await storage.put(await resource("${HELLO}", String(n % 10).repeat(100_000)));
        if (n === 0) console.log("started");
      }`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", script, path];
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, round * 7));
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(await contentIn(storage)).toMatch(/^(\d)\1{99999}$/);
      expect(await listed(storage)).toEqual([HELLO]);
    }
  });

  it.each(["archive.tar.gz", "manifest.json"])("with %s alone", async (file) => {
    const { place, storage } = await opened();
    await storage.put(await resource(HELLO));
    await rm(join(place, file));
    expect(await storage.get(hello)).toBeUndefined();
    expect(await storage.exists(hello)).toBe(false);
    expect(await listed(storage)).toEqual([]);
    await storage.put(await resource(HELLO, "again"));
    expect(await contentIn(storage)).toBe("again");
    await storage.delete(hello);
    await expect(readdir(place)).rejects.toThrow("ENOENT");
  });

  it("of an archive that cannot be read", async () => {
    const { path, storage } = await opened();
    const given = await resource(HELLO);
    const archive = archiveFrom(async () => {
      throw new Error("gone");
    });
    await expect(storage.put({ ...given, archive })).rejects.toThrow("gone");
    await expect(readdir(path)).rejects.toThrow("ENOENT");
  });

  it("of an archive that is too large", async () => {
    const { storage } = await opened();
    const given = await resource(HELLO);
    const archive = archiveFrom(async () => Buffer.alloc(ARCHIVE_LIMITS.bytes + 1));
    await expect(storage.put({ ...given, archive })).rejects.toThrow(ContentError);
    expect(await storage.exists(hello)).toBe(false);
  });

  it("where it cannot take its place", async () => {
    const { path, place, storage } = await opened();
    await mkdir(join(place, "archive.tar.gz"), { recursive: true });
    await expect(storage.put(await resource(HELLO))).rejects.toThrow("EISDIR");
    expect(await readdir(join(path, ".tmp"))).toEqual([]);
    expect(await storage.exists(hello)).toBe(false);
  });

  it("for longer than an hour", async () => {
    const { path } = await opened();
    const [old, young] = [join(path, ".tmp/old"), join(path, ".tmp/young")];
    await mkdir(join(path, ".tmp"), { recursive: true });
    for (const file of [old, young]) await writeFile(file, "half");
    // It belongs to no writer, and is no reason to fail.
    const directory = join(path, ".tmp/directory");
    await mkdir(join(directory, "below"), { recursive: true });
    for (const stale of [old, directory]) await utimes(stale, new Date(0), new Date(0));
    await new FileStorage(path).put(await resource(HELLO));
    expect(await readdir(join(path, ".tmp"))).toEqual(["young"]);
    expect(await listed(new FileStorage(path))).toEqual([HELLO]);
  });
});

describe("a link in the storage is not followed", () => {
  it.each([
    ["domain", "x.org"],
    ["path", "x.org/team"],
    ["resource", "x.org/team/hello.text"],
    ["version", PLACE],
    ["place of what is unfinished", ".tmp"],
  ])("as the %s, out of it", async (_what, where) => {
    const { path, storage } = await opened();
    const outside = await scratch();
    await new FileStorage(outside).put(await resource(HELLO, "stolen"));
    const before = await readdir(outside, { recursive: true });
    await mkdir(join(path, where, ".."), { recursive: true });
    const target = join(outside, where);
    await symlink(where === ".tmp" ? outside : target, join(path, where));
    await expect(storage.put(await resource(HELLO))).rejects.toThrow(RegistryError);
    if (where !== ".tmp") {
      await expect(storage.get(hello)).rejects.toThrow(RegistryError);
      await expect(storage.exists(hello)).rejects.toThrow(RegistryError);
      await expect(storage.delete(hello)).rejects.toThrow(RegistryError);
      expect(await listed(storage)).toEqual([]);
    }
    expect(await readdir(outside, { recursive: true })).toEqual(before);
  });

  it.each(["manifest.json", "archive.tar.gz"])("as %s", async (file) => {
    const { place, storage } = await opened();
    const outside = join(await scratch(), file);
    await storage.put(await resource(HELLO));
    await writeFile(outside, await readFile(join(place, file)));
    await rm(join(place, file));
    await symlink(outside, join(place, file));
    const before = await readFile(outside);
    await expect(storage.get(hello)).rejects.toThrow(RegistryError);
    await storage.put(await resource(HELLO, "new"));
    expect(await contentIn(storage)).toBe("new");
    expect(await readFile(outside)).toEqual(before);
  });

  it("but to the storage itself is", async () => {
    const { path } = await opened();
    const real = await scratch();
    await symlink(real, path);
    const storage = new FileStorage(path);
    await storage.put(await resource(HELLO));
    expect(await contentIn(storage)).toBe("Hello");
    expect(await listed(storage)).toEqual([HELLO]);
  });
});

describe("what somebody else has put into the storage", () => {
  it.each([
    ["no JSON", "{", "broken manifest"],
    ["no object", "7", "broken manifest"],
    ["no name", `{"domain":"x.org","type":"text","version":"1.0.0"}`, "broken manifest"],
    ["a name with dots", `{"domain":"x.org","name":"..","type":"t","version":"1"}`, "broken"],
    [
      "another resource's manifest",
      `{"domain":"y.org","path":"team","name":"hello","type":"text","version":"1.0.0"}`,
      "another resource's manifest",
    ],
    ["too much", `"${"x".repeat(70_000)}"`, "more than 65536 bytes"],
  ])("is refused: %s", async (_what, manifest, message) => {
    const { place, storage } = await opened();
    await storage.put(await resource(HELLO));
    await writeFile(join(place, "manifest.json"), manifest);
    await expect(storage.get(hello)).rejects.toThrow(RegistryError);
    await expect(storage.get(hello)).rejects.toThrow(message);
  });

  it("is refused: an archive that is too large", async () => {
    const { place, storage } = await opened();
    await storage.put(await resource(HELLO));
    await truncate(join(place, "archive.tar.gz"), ARCHIVE_LIMITS.bytes + 1);
    const found = await storage.get(hello);
    await expect(found?.archive.extract()).rejects.toThrow(RegistryError);
  });

  it("is passed over: files where directories are", async () => {
    const { path, storage } = await opened();
    await mkdir(path);
    await writeFile(join(path, "x.org"), "");
    expect(await storage.get(hello)).toBeUndefined();
    expect(await listed(storage)).toEqual([]);
    await storage.delete(hello);
    await expect(storage.put(await resource(HELLO))).rejects.toThrow(RegistryError);
  });
});
