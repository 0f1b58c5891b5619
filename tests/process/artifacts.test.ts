/** Tests what the sandbox's first process takes of a directory that hostile code has filled. */
import { execFile } from "node:child_process";
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { denoBinary } from "../../src/deno/deno.ts";
import type { WantedArtifacts } from "../../src/protocol/exchanged-files.ts";

const run = promisify(execFile);
const MODULE = new URL("../../runner-image/files.ts", import.meta.url).href;
const READ = `
  import { takeArtifacts } from ${JSON.stringify(MODULE)};
  const told = [];
  const [root, wanted] = Deno.args;
  await takeArtifacts(JSON.parse(wanted), (claim, bytes) => {
    told.push(bytes === undefined ? claim : { ...claim, text: new TextDecoder().decode(bytes) });
  }, root);
  console.log(JSON.stringify(told));`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-artifacts-"));
  await writeFile(join(directory, "taker.ts"), READ);
});
afterAll(() => rm(directory, { recursive: true }));

async function taken(
  root: string,
  wanted: Partial<WantedArtifacts> = {},
): Promise<Record<string, unknown>[]> {
  const all = JSON.stringify({ globs: ["**"], most: 100, bytes: 1_000_000, ...wanted });
  const flags = ["run", "--quiet", "--no-config", "--no-lock", "--allow-read"];
  const args = [...flags, join(directory, "taker.ts"), root, all];
  const { stdout } = await run(denoBinary(), args, { maxBuffer: 1e8 });
  return JSON.parse(stdout);
}

it("takes plain files, and names links, pipes, sockets, second names, holes and devices", async () => {
  const root = join(directory, "out");
  await mkdir(join(root, "deep/er"), { recursive: true });
  await writeFile(join(directory, "secret"), "secret");
  await writeFile(join(root, "deep/er/fine"), "fine");
  await writeFile(join(root, "twice"), "twice");
  await link(join(root, "twice"), join(directory, "outside"));
  await symlink(join(directory, "secret"), join(root, "link"));
  await symlink(directory, join(root, "folder"));
  await symlink("/dev/zero", join(root, "zero"));
  await run("mkfifo", [join(root, "pipe")]);
  await writeFile(join(root, "hole"), "x");
  await truncate(join(root, "hole"), 900_000);
  await writeFile(join(root, "huge"), "x");
  await truncate(join(root, "huge"), 1e12);
  await writeFile(join(root, "line\nbreak"), "x");
  await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff])]), "x");
  const server = createServer().listen(join(root, "socket"));
  try {
    const told = await taken(root);
    const byPath = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
      String(a.path) < String(b.path) ? -1 : 1;
    expect(told.filter(({ path }) => path !== undefined).sort(byPath)).toEqual([
      { path: "deep/er/fine", text: "fine" },
      { path: "folder", omitted: "kind" },
      { path: "hole", omitted: "sparse" },
      { path: "huge", omitted: "bytes" },
      { path: "link", omitted: "kind" },
      { path: "pipe", omitted: "kind" },
      { path: "socket", omitted: "kind" },
      { path: "twice", omitted: "linked" },
      { path: "zero", omitted: "kind" },
    ]);
    // One name has a line break. One is no UTF-8, so no path leads to it.
    expect(told.at(-1)).toEqual({ more: 1, unsearched: false });
    expect(await taken(root, { globs: ["deep/*"] })).toEqual([{ more: 1, unsearched: false }]);
    const link2 = join(directory, "replaced");
    await symlink(root, link2);
    expect(await taken(link2)).toEqual([]);
  } finally {
    server.close();
  }
});

it("goes down a bounded number of folders", async () => {
  const deep = join(directory, "deep");
  await mkdir(join(deep, ...Array.from({ length: 200 }, () => "d")), { recursive: true });
  await writeFile(join(deep, ...Array.from({ length: 15 }, () => "d"), "last"), "last");
  await writeFile(join(deep, ...Array.from({ length: 16 }, () => "d"), "below"), "below");
  expect(await taken(deep)).toEqual([
    { path: `${"d/".repeat(15)}last`, text: "last" },
    // The file, and a folder beside it.
    { more: 2, unsearched: false },
  ]);
});
