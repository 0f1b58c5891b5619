/** Tests that packages get from a registry to an archive, by real confined processes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromArchive } from "../../src/bundler/package-archive.ts";
import { TestRegistry } from "../helpers/npm-registry/server.ts";
import { packageSource } from "../helpers/npm-registry/source.ts";
import { ROOT } from "../helpers/pages.ts";

let registry: TestRegistry;
let directory: string;

beforeAll(async () => {
  registry = await TestRegistry.start();
  directory = await mkdtemp(join(tmpdir(), "isolate-packages-"));
});
afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

const asTenant = { owner: "acme", policies: [] };

describe("packages", () => {
  it("are resolved as npm does, fetched and unpacked", async () => {
    await registry.publishInstalled(ROOT, ["zod", "hono", "ajv"]);
    const source = packageSource(registry, join(directory, "a"));
    const lock = await source.resolve(
      { dependencies: { zod: "^4", hono: "*", ajv: "latest" } },
      asTenant,
    );
    const archive = await source.archive(lock, asTenant);
    const files = fromArchive(archive);
    expect(files.size).toBeGreaterThan(100);
    expect([...files.keys()]).toContain("node_modules/zod/package.json");
    expect(Buffer.from(await source.archive(lock, asTenant)).equals(archive)).toBe(true);
    await source.close();
  });
});
