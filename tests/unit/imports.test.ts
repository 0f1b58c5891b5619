/** Tests that `npm run check` keeps modules apart, by the imports that it refuses. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overrides } from "../../scripts/layers.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-imports-"));
  const {
    vcs: _vcs,
    $schema: _schema,
    extends: _layers,
    ...config
  } = JSON.parse(await readFile(join(ROOT, "biome.json"), "utf8"));
  await writeFile(
    join(directory, "biome.json"),
    JSON.stringify({ ...config, overrides: overrides() }),
  );
});
afterAll(() => rm(directory, { recursive: true }));

async function check(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  const biome = join(ROOT, "node_modules/.bin/biome");
  const options = { cwd: directory, encoding: "utf8" } as const;
  const paths = Object.keys(files);
  const { status, stderr } = spawnSync(
    biome,
    ["lint", "--error-on-warnings", "--max-diagnostics=none", ...paths],
    options,
  );
  return { status, stderr };
}

it("a circle of two modules, of types alone, is refused", async () => {
  const a = 'import type { B } from "./b.ts";\nexport type A = B[];\n';
  const first = { "src/a.ts": a, "src/b.ts": "export type B = string;\n" };
  expect(await check(first)).toMatchObject({ status: 0 });
  const b = 'import type { A } from "./a.ts";\nexport type B = A | string;\n';
  const { status, stderr } = await check({ "src/a.ts": a, "src/b.ts": b });
  expect(status).toBe(1);
  expect(stderr).toContain("noImportCycles");
});

/** Sources, each with an import from a higher layer. */
const LAYERS = [
  ["src/permissions/plan.ts", "../request/types.ts"],
  ["src/base/errors.ts", "../protocol/limits.ts"],
  ["src/engines/pool/pool.ts", "../container/flags.ts"],
  ["src/engines/contract/contract.ts", "../create.ts"],
  ["src/kernel/kernel.ts", "../isolate.ts"],
  ["src/isolate.ts", "./public/kernel.ts"],
  ["src/plugins/guard.ts", "../../server/errors/problem.ts"],
  ["src/resourcex/data/locator.ts", "../registry.ts"],
  ["server/store/contract/jobs.ts", "../drizzle/jobs.ts"],
  ["server/http/body/body.ts", "../../routes/execute.ts"],
  ["server/runs/runs.ts", "../app.ts"],
  ["server/routes/admin/keys.ts", "../../services.ts"],
  ["egress/proxied-run.ts", "../src/engines/pool/pool.ts"],
  ["runner-image/host.ts", "../src/config/config.ts"],
  ["doctor/doctor.ts", "../server/settings.ts"],
  ["cli/commands/run.ts", "../../server/settings.ts"],
  ["cli/profile/server.ts", "../../src/kernel/kernel.ts"],
  ["bench/main.ts", "../tests/helpers/server.ts"],
] as const;

describe("an import that leads up", () => {
  let before = "";
  let after = "";
  beforeAll(async () => {
    const own = await Promise.all(
      // Biome reads no other file, so imported ones need not exist.
      LAYERS.map(async ([path]) => [path, await readFile(join(ROOT, path), "utf8")] as const),
    );
    const moved = own.map(([path, text], index) => {
      const line = `import type * as up from "${LAYERS[index]?.[1]}";`;
      return [path, `${line}\n${text}\nexport type Up = typeof up;\n`] as const;
    });
    before = (await check(Object.fromEntries(own))).stderr;
    after = (await check(Object.fromEntries(moved))).stderr;
  });

  it.each(LAYERS)("of %s, of %s, is refused", (path) => {
    expect(before).not.toContain(path);
    expect(after).toMatch(new RegExp(`${path}:1:\\d+ lint/style/noRestrictedImports`));
  });
});
