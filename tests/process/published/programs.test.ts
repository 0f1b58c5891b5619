/** Tests that programs written for the published names and shapes compile in strict mode. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DocsProject } from "../../helpers/docs-typescript.ts";
import { ROOT } from "../../helpers/pages.ts";

const FOLDER = join(ROOT, "tests/published/programs");
const names = readdirSync(FOLDER);

let project: DocsProject;
beforeAll(async () => {
  project = await DocsProject.create();
  for (const name of names) await project.write(name, readFileSync(join(FOLDER, name), "utf8"));
});
afterAll(() => project.remove());

it.each(["nodenext", "bundler"] as const)("all programs compile, by %s", async (resolution) => {
  expect(names.length).toBeGreaterThan(5);
  expect(await project.check(names, resolution)).toBe("");
});

it.each([
  ["nodenext", 'import { create } from "isolate/kernels";', "isolate/kernels"],
  ["bundler", 'import { createIsolate } from "isolate"; createIsolate({ plugin: [] });', "plugin"],
] as const)("a wrong program does not compile, by %s", async (resolution, text, fault) => {
  await project.write("wrong.ts", text);
  expect(await project.check(["wrong.ts"], resolution)).toContain(fault);
});
