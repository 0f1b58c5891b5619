/** `npm run check` keeps modules apart: what it refuses of imports. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-imports-"));
  await mkdir(join(directory, "src"));
  const {
    vcs: _vcs,
    $schema: _schema,
    ...config
  } = JSON.parse(await readFile(join(ROOT, "biome.json"), "utf8"));
  await writeFile(join(directory, "biome.json"), JSON.stringify(config));
});
afterAll(() => rm(directory, { recursive: true }));

async function check(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, "src", name), text);
  }
  const biome = join(ROOT, "node_modules/.bin/biome");
  const options = { cwd: directory, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync(biome, ["lint", "--error-on-warnings", "."], options);
  return { status, stderr };
}

it("a circle of two modules, of types alone, is refused", async () => {
  const a = 'import type { B } from "./b.ts";\nexport type A = B[];\n';
  expect(await check({ "a.ts": a, "b.ts": "export type B = string;\n" })).toMatchObject({
    status: 0,
  });
  const b = 'import type { A } from "./a.ts";\nexport type B = A | string;\n';
  const { status, stderr } = await check({ "a.ts": a, "b.ts": b });
  expect(status).toBe(1);
  expect(stderr).toContain("noImportCycles");
});
