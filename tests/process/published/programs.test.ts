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

/** Lines of `main.ts`. */
const PRINTED = `helpers: true [ 'Dune' ] [ 'API_KEY', 'crypto' ]
random: 8 false
permissions: { env: [ 'A', 'B' ], net: [ 'host1', 'host2' ] } { env: [ 'B' ], net: [ 'host2' ] } localhost:5432 { wild: true, hosts: 2, local: true }
[Strict] Wildcard permission detected
tools: [ 'crypto', 'channel', 'database', 'http', 'files' ] [ 'simpleLogger' ]
plugin: guard 
plugin: toolset guard
plugin: loader guard
plugin: permission guard toolset
plugin: sandbox guard loader
plugin: channel sandbox
plugin: cluster guard loader sandbox
plugin: logger 
defaults: {
  timeout: 3000,
  maxSize: 100000,
  port: 8787,
  strict: false,
  audit: false
}
fresh: 0 42 1
Characters: 72
log: 100 50 149
`;

it("the programs do what was published, by the names of the package", async () => {
  expect(await project.run("main.ts", { STRICT_MODE: "" })).toBe(PRINTED);
});
