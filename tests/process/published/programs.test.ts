/** Tests that programs written for the published names and shapes compile in strict mode. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIsolate } from "../../../src/isolate.ts";
import { until } from "../../contract/engine-contract.ts";
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

/** Programs that are wrong, by how modules are found. */
const WRONG = {
  nodenext: ['import { create } from "isolate/kernels";', "isolate/kernels"],
  bundler: ['import { createIsolate } from "isolate"; createIsolate({ plugin: [] });', "plugin"],
} as const;

describe.each(["nodenext", "bundler"] as const)("by %s", (resolution) => {
  const [text, fault] = WRONG[resolution];
  const wrong = `wrong-${resolution}.ts`;
  let faults: string[];
  beforeAll(async () => {
    await project.write(wrong, text);
    // At once, because the compiler reads the same types for both.
    faults = (await project.check([...names, wrong], resolution)).split("\n");
  });

  it("all programs compile", () => {
    expect(names.length).toBeGreaterThan(5);
    expect(faults.filter((line) => /^\S/.test(line) && !line.startsWith(wrong))).toEqual([]);
  });

  it("a wrong program does not compile", () => {
    expect(faults.filter((line) => line.startsWith(wrong)).join()).toContain(fault);
  });
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
fresh: 42 1
Characters: 72
log: 100 50 149
`;

it("the programs do what was published, by the names of the package", async () => {
  expect(await project.run("main.ts", { STRICT_MODE: "" })).toBe(PRINTED);
});

/** Finds the sandboxes of a run directory: Deno processes that are given it, by name or as a mount. */
async function sandboxesIn(directory: string): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const isOne = async (id: string): Promise<boolean> => {
    const texts = ["cmdline", "mountinfo"].map((name) => readFile(`/proc/${id}/${name}`, "utf8"));
    const [command = "", mounts = ""] = await Promise.all(texts).catch(() => []);
    return command.includes("deno") && `${command}${mounts}`.includes(directory);
  };
  const found = await Promise.all(ids.map(isOne));
  return ids.filter((_, index) => found[index]);
}

it("a program that ends without closing leaves no process, and its files to the next one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "isolate-left-"));
  expect(await project.run("leave.ts", { RUN_DIRECTORY: directory })).toBe("done\n");
  await until(async () => (await sandboxesIn(directory)).length === 0);
  expect(await readdir(directory)).not.toEqual([]);
  const next = await createIsolate({ runDirectory: directory, config: { cluster: { min: 1 } } });
  await next.execute({ code: "export default () => 1" });
  await until(async () => (await sandboxesIn(directory)).length > 0);
  await next.close();
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});
