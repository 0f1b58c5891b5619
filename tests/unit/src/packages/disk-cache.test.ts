/** Tests the cache of archives: its bounds, its order, and files that something else has changed. */
import {
  chmod,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DiskCache } from "../../../../src/packages/cache/disk-cache.ts";

let root: string;
let directory: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "isolate-cache-"));
  directory = join(root, "a/b");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const keyOf = (letter: string): string => `${letter.repeat(64)}-1`;
const [A, B, C] = [keyOf("a"), keyOf("b"), keyOf("c")] as const;
const content = (letter: string): Buffer => Buffer.alloc(1_000, letter);

it("keeps content for others, with no access for other users", async () => {
  const cache = new DiskCache(directory, 10_000);
  expect(await cache.get(A)).toBeUndefined();
  await cache.put(A, content("a"));
  expect(Buffer.from((await new DiskCache(directory, 10_000).get(A)) ?? [])).toEqual(content("a"));
  const modes = [directory, join(directory, A)].map(
    async (path) => (await stat(path)).mode & 0o777,
  );
  expect(await Promise.all(modes)).toEqual([0o700, 0o600]);
  expect(await readdir(directory)).toEqual([A]);
});

it("removes the least recently used", async () => {
  const cache = new DiskCache(directory, 2_500);
  await cache.put(A, content("a"));
  await cache.put(B, content("b"));
  await cache.get(A);
  await cache.put(C, content("c"));
  expect((await readdir(directory)).sort()).toEqual([A, C]);
  await cache.put(B, Buffer.alloc(5_000));
  expect((await readdir(directory)).sort()).toEqual([A, C]);
  // The order outlives the process, and a smaller bound is kept from the start.
  await utimes(join(directory, A), new Date(1_000), new Date(1_000));
  const next = new DiskCache(directory, 1_500);
  expect(await next.get(A)).toBeUndefined();
  expect(await next.get(C)).toBeDefined();
});

it.each<[string, (path: string) => Promise<void>]>([
  ["changed", async (path) => writeFile(path, (await readFile(path)).fill(1, 500, 501))],
  ["cut off", async (path) => writeFile(path, (await readFile(path)).subarray(0, 500))],
  ["empty", async (path) => writeFile(path, "")],
  [
    "a link",
    async (path) => {
      await writeFile(`${path}.other`, await readFile(path));
      await rm(path);
      await symlink(`${path}.other`, path);
    },
  ],
  ["gone", (path) => rm(path)],
])("has no file that is %s", async (_what, damage) => {
  const cache = new DiskCache(directory, 10_000);
  await cache.put(A, content("a"));
  await damage(join(directory, A));
  expect(await cache.get(A)).toBeUndefined();
  await cache.put(A, content("a"));
  expect(await cache.get(A)).toBeDefined();
});

it("removes what a killed process has left, but not what another one writes", async () => {
  await new DiskCache(directory, 10_000).put(A, content("a"));
  const [old, fresh, strange] = ["old.part", "fresh.part", "notes.txt"];
  for (const name of [old, fresh, strange]) await writeFile(join(directory, name), "x");
  await utimes(join(directory, old), new Date(1_000), new Date(1_000));
  await new DiskCache(directory, 10_000).get(A);
  expect((await readdir(directory)).sort()).toEqual([A, fresh, strange].sort());
});

it("tells of a directory that cannot be used, and works once it can", async () => {
  const cache = new DiskCache(directory, 10_000);
  await writeFile(join(root, "a"), "a file");
  await expect(cache.get(A)).rejects.toThrow();
  await rm(join(root, "a"));
  await cache.put(A, content("a"));
  expect(await cache.get(A)).toBeDefined();
  await chmod(directory, 0o755);
  expect(await new DiskCache(directory, 10_000).get(A)).toBeDefined();
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});
