/** Tests that a registry reads and writes nothing outside of its directory, for any request. */
import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRXA } from "../../../../../src/resourcex/archive/archive.ts";
import { ResourceXError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { parseRXL } from "../../../../../src/resourcex/data/locator.ts";
import { createRXM } from "../../../../../src/resourcex/data/manifest.ts";
import { RootDirectory } from "../../../../../src/resourcex/data/root-directory.ts";
import type { StorableRXL } from "../../../../../src/resourcex/data/storable.ts";
import { FileStorage } from "../../../../../src/resourcex/data/storage.ts";
import { openRegistry } from "../../../../../src/resourcex/registry.ts";
import { runs } from "../../../../helpers/fuzz.ts";
import { folderWith, RecordingRunner, scratch, text } from "../../../../helpers/resourcex.ts";

const piece = fc.constantFrom(
  ..."a . .. ... / // \\ @ : % ~ - \0 \n x.org localhost text .text ../ /../ ..\\ %2e%2e %2f".split(
    " ",
  ),
  ...[
    "manifest.json",
    "archive.tar.gz",
    ".tmp",
    ".links",
    "secret",
    "é",
    "\ud800",
    "．．",
    "∕",
    " ",
  ],
);
const hostile = fc.oneof(
  { weight: 8, arbitrary: fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc.array(piece, { minLength: 60, maxLength: 200 }).map((all) => all.join("/")),
  },
);

/** Lists every file and directory, with its content and time of change. */
async function snapshot(directory: string, but: string): Promise<string[]> {
  const lines: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (path === but) continue;
    const { ctimeMs } = await lstat(path);
    lines.push(`${path} ${ctimeMs} ${entry.isFile() ? await readFile(path, "utf8") : ""}`);
    if (entry.isDirectory()) lines.push(...(await snapshot(path, but)));
  }
  return lines.sort();
}

async function surroundings() {
  const outside = await scratch();
  const root = join(outside, "a/b/root");
  await mkdir(root, { recursive: true });
  for (const name of ["secret", "a/secret", "a/b/secret", "a/b/manifest.json", "a/b/root.text"]) {
    await writeFile(join(outside, name), name);
  }
  return { outside, root, before: await snapshot(outside, root) };
}

async function quietly(acting: Promise<unknown>): Promise<void> {
  await acting.catch((error: unknown) => expect(error).toBeInstanceOf(ResourceXError));
}

describe("the directory's surroundings stay as they are", () => {
  it("for hostile locators", async () => {
    const { outside, root, before } = await surroundings();
    const registry = openRegistry({ path: root, types: [text] }, new RecordingRunner(), {
      remote: { wellKnown: () => "http://127.0.0.1:1/", timeout: 1_000 },
    });
    await fc.assert(
      fc.asyncProperty(hostile, async (locator) => {
        await quietly(registry.get(locator));
        await quietly(registry.exists(locator));
        await quietly(registry.delete(locator));
        await quietly(registry.resolve(locator));
        expect(await snapshot(outside, root)).toEqual(before);
      }),
      { numRuns: runs(300) },
    );
  });

  it("for hostile manifests, of resources and of folders", async () => {
    const { outside, root, before } = await surroundings();
    const types = ["text", "json", "a"].map((name) => ({ ...text, name, aliases: [] }));
    const registry = openRegistry({ path: root, types }, new RecordingRunner());
    const archive = await createRXA({ content: "x" });
    const part = fc.oneof(hostile, fc.constantFrom("x.org", "localhost", "a", "1.0.0"));
    const fields = fc.record({
      domain: part,
      path: fc.option(part, { nil: undefined }),
      name: part,
      type: fc.constantFrom("text", "json", "a"),
      version: part,
    });
    let added = 0;
    await fc.assert(
      fc.asyncProperty(fields, async ({ path, ...rest }) => {
        fc.pre(Object.values(rest).every((value) => value !== ""));
        const manifest = createRXM({ ...rest, ...(path !== undefined && { path }) });
        const locator = parseRXL(manifest.toLocator());
        const adding = registry.add({ locator, manifest, archive });
        await quietly(adding);
        added += await adding.then(
          () => 1,
          () => 0,
        );
        const folder = await folderWith({
          "resource.json": JSON.stringify(manifest),
          content: "x",
        });
        await quietly(registry.add(folder));
        await quietly(registry.link(folder));
        await quietly(registry.delete(manifest.toLocator()));
        expect(await snapshot(outside, root)).toEqual(before);
      }),
      { numRuns: Math.max(100, runs(300)) },
    );
    // Otherwise the test would prove nothing.
    expect(added).toBeGreaterThan(0);
  });

  it("should a check be missing before the storage", async () => {
    const { outside, root, before } = await surroundings();
    const storage = new FileStorage(root);
    const place = new RootDirectory(root);
    await fc.assert(
      fc.asyncProperty(hostile, fc.array(hostile, { maxLength: 4 }), async (locator, names) => {
        const unchecked = parseRXL(locator) as StorableRXL;
        await storage.get(unchecked).catch(() => {});
        await storage.delete(unchecked).catch(() => {});
        await place.write(names, "secret", "overwritten").catch(() => {});
        await place.remove(names, ["secret", "manifest.json"]).catch(() => {});
        expect(await snapshot(outside, root)).toEqual(before);
      }),
      { numRuns: runs(300) },
    );
  });
});
