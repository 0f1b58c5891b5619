/** Tests the package as a user gets it: packed, installed elsewhere, run by plain Node. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGE_PROGRAMS } from "../helpers/package-programs.ts";
import { SOAK } from "../helpers/soak.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const INSTALL_WITHIN = 120_000;

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "isolate-package-"));
  await run("npm", ["pack", "--silent", "--pack-destination", project], { cwd: ROOT });
  const [archive = ""] = await readdir(project);
  await writeFile(join(project, "package.json"), '{ "type": "module", "private": true }');
  await (SOAK ? install(archive) : unpack(archive));
}, INSTALL_WITHIN);

async function install(archive: string): Promise<void> {
  // No script of a package is needed. One of an optional package compiles C++ for seconds.
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"];
  await run("npm", ["install", ...quiet, `./${archive}`], { cwd: project });
}

/** Unpacks the package beside those that npm would install for it. An installation takes ten times as long. */
async function unpack(archive: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const entries = Object.entries<{ dev?: boolean }>(lock.packages);
  const needed = entries
    .filter(([path, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && dev !== true)
    .map(([path]) => path)
    .filter((path) => existsSync(join(ROOT, path)));
  const copy = ["--archive", "--parents", ...needed, project];
  // Links are not possible between file systems.
  await run("cp", ["--link", ...copy], { cwd: ROOT }).catch(() => run("cp", copy, { cwd: ROOT }));
  const own = join(project, "node_modules/isolate");
  await mkdir(own, { recursive: true });
  await run("tar", ["xzf", archive, "-C", own, "--strip-components=1"], { cwd: project });
}
afterAll(() => rm(project, { recursive: true, force: true }));

it("runs code and tools of one's own at two levels, without any loader", async () => {
  const tool = `import { inject } from "isolate/common/inject";
    export default { name: "greeter", setup: (globals) => inject(globals, "hello", (who: string) => "Hello, " + who) };`;
  await writeFile(join(project, "greeter.ts"), tool);
  const program = `
    import { config, createIsolate } from "isolate";
    const isolate = await createIsolate({
      config: config({ timeout: 20_000, sandbox: "isolated", cluster: { min: 1 } }),
      tools: ["greeter.ts"], trusted: true, runDirectory: process.argv[2],
    });
    const request = { code: "export default (x: string) => hello(x)", input: "Ada", tools: ["greeter"] };
    for (const sandbox of ["none", "isolated"]) {
      console.log((await isolate.execute({ ...request, sandbox })).result);
    }
    await isolate.close();`;
  await writeFile(join(project, "main.js"), program);
  const { stdout } = await run(process.execPath, ["main.js", join(project, "run")], {
    cwd: project,
  });
  expect(stdout).toBe("Hello, Ada\nHello, Ada\n");
});

it("keeps resources, and runs a type that it bundles, at two levels", async () => {
  await writeFile(
    join(project, "shout.type.ts"),
    `import type { TypeSource } from "isolate/resourcex";
     export default {
       name: "shout", description: "Loud text", sandbox: "isolated",
       async resolve({ archive }, times: number) {
         const content = await (await archive.extract()).file("content");
         return new Set([content.toString().toUpperCase().repeat(times)]);
       },
     } satisfies TypeSource<number>;`,
  );
  const program = `
    import { bundleResourceType, createRegistry, createRXA, createRXM, parseRXL } from "isolate/resourcex";
    const shout = await bundleResourceType("shout.type.ts");
    const [path, runDirectory] = process.argv.slice(2);
    const registry = createRegistry({ path, runDirectory, types: [shout] });
    for (const type of ["text", "shout"]) {
      const manifest = createRXM({ domain: "localhost", name: "a", type, version: "1" });
      const archive = await createRXA({ content: "Hey" });
      await registry.add({ locator: parseRXL(manifest.toLocator()), manifest, archive });
      console.log(await (await registry.resolve("a." + type + "@1")).execute(2));
    }
    await registry.close();`;
  await writeFile(join(project, "registry.js"), program);
  const directories = [join(project, "registry"), join(project, "run")];
  const { stdout } = await run(process.execPath, ["registry.js", ...directories], { cwd: project });
  expect(stdout).toBe("Hey\nSet(1) { 'HEYHEY' }\n");
});

it("has types for what it exports", async () => {
  const source = `
    import { createIsolate, type LibraryOutput, type Tool } from "isolate";
    import { proxy } from "isolate/common/proxy";
    const isolate = await createIsolate({ config: { timeout: 1 } });
    const output: LibraryOutput = await isolate.execute({ code: "" });
    export const tool: Tool = { name: output.error?.name ?? "x", setup: () => {} };
    export const view: { readonly a: number } = proxy({ a: 1, b: 2 }, { whitelist: ["a"] });
    import { type BundledType, createRegistry } from "isolate/resourcex";
    const registry = createRegistry({ types: [] as BundledType[], isolator: "srt" });
    const { execute } = await registry.resolve<{ n: number }, string>("a.b");
    export const text: string = await execute({ n: 1 });
    // @ts-expect-error The argument is missing.
    await execute();
    import {
      createRXA, createRXM, deserializeRXR, LocalRegistry, parseRXL, type RegistryConfig, type RXR,
      type SandboxType, type SerializedRXR, serializeRXR, type TypeSource,
    } from "isolate/resourcex";
    const level: SandboxType = "container";
    const given: RegistryConfig = { path: "/tmp/x", types: [], isolator: level };
    const local = new LocalRegistry(given);
    const rxr: RXR = await local.get("x.org/a.text@1");
    const data: SerializedRXR = await serializeRXR(rxr);
    const bytesOfIt: Uint8Array = data.archive;
    export const back: RXR = deserializeRXR({ ...data, archive: bytesOfIt });
    // @ts-expect-error The archive is bytes.
    deserializeRXR({ ...data, archive: "text" });
    // @ts-expect-error There is no such level.
    export const bad: SandboxType = "vm";
    export const type = {
      name: "a", description: "",
      async resolve(resource: RXR): Promise<string> {
        const pkg = await resource.archive.extract();
        return resource.locator.name + resource.manifest.toLocator() + pkg.paths().join();
      },
    } satisfies TypeSource<undefined, string>;
    export const made = { locator: parseRXL("a"), manifest: createRXM, archive: createRXA };
    import { type Answer, createClient, type Deployment, type TenantSettings } from "isolate/client";
    const client = createClient({ url: "http://127.0.0.1:8787" });
    const answer: Answer<number> = await client.execute<number>({ code: "", reuse: "code" });
    export const bytes: number | undefined = answer.usage.bytesOut + (answer.result ?? 0);
    export const deployment: Deployment = { files: { "main.ts": "" }, timeout: 1_000, public: true };
    export const settings: TenantSettings = { sandbox: ["container"], budget: { cpu: 1 } };
    // @ts-expect-error There is no such field.
    await client.execute({ code: "", cod: "" });
    // @ts-expect-error There is no such field of a tenant.
    await client.admin.putTenant("acme", { concurency: 1 });
    // @ts-expect-error There is no such setting.
    await createIsolate({ config: { timeuot: 1 } });`;
  await writeFile(join(project, "main.ts"), source);
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck"];
  const target = ["--module", "nodenext", "--target", "es2023", "main.ts"];
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const { stdout } = await run(tsc, [...options, ...target], { cwd: project }).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe("");
});

/** Program that runs each given one, and prints a line of what all print. A process for each would load all modules again. */
const RUN_ALL = `
  const printed = {};
  const print = console.log;
  for (const file of process.argv.slice(2)) {
    console.log = (text) => { printed[file] = text; };
    await import(new URL(file, import.meta.url));
  }
  print(JSON.stringify(printed));`;

/** Exports that need the types of Node, or are tested above. */
const ELSEWHERE = ["./resourcex"];

describe.each([
  ["NodeNext", "nodenext"],
  ["Bundler", "esnext"],
])("with moduleResolution %s, each export", (moduleResolution, module) => {
  const names = Object.keys(PACKAGE_PROGRAMS);
  const fileOf = (name: string): string => `by-${names.indexOf(name)}`;
  const outDir = `out-${moduleResolution}`;

  it("has types that are whole and strict, without those of other packages", async () => {
    const head = "const print = (value: unknown) => console.log(JSON.stringify(value));";
    for (const name of names) {
      const [text = ""] = PACKAGE_PROGRAMS[name] ?? [];
      await writeFile(join(project, `${fileOf(name)}.ts`), `${head}\n${text}`);
    }
    const options = ["--strict", "--exactOptionalPropertyTypes", "--outDir", outDir];
    const target = ["--target", "es2023", "--module", module, "--moduleResolution"];
    const files = names.map((name) => `${fileOf(name)}.ts`);
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    const { stdout } = await run(tsc, [...options, ...target, moduleResolution, ...files], {
      cwd: project,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  });

  // Both write the same modules.
  describe.skipIf(moduleResolution === "Bundler" && !SOAK)("by plain Node", () => {
    let printed: Readonly<Record<string, string>>;
    beforeAll(async () => {
      await writeFile(join(project, "run-all.js"), RUN_ALL);
      const files = names.map((name) => `${outDir}/${fileOf(name)}.js`);
      const { stdout } = await run(process.execPath, ["run-all.js", ...files], { cwd: project });
      printed = JSON.parse(stdout);
    });

    it.each(names)("runs: %s", (name) => {
      const [, expected] = PACKAGE_PROGRAMS[name] ?? [];
      expect(JSON.parse(printed[`${outDir}/${fileOf(name)}.js`] ?? "")).toEqual(expected);
    });
  });
});

it("each export has a program", async () => {
  const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const tested = [...Object.keys(PACKAGE_PROGRAMS), ...ELSEWHERE];
  expect(Object.keys(exports).sort()).toEqual(tested.sort());
});

it.each([
  ["request/execute-request.d.ts", "/** Export to call, or the name of the default export"],
  ["request/output.d.ts", "/** The exception's name;"],
  ["contract/functions.d.ts", "/** Lets `/f/…` serve it without a key."],
  ["contract/tenants.d.ts", "/** Most executions at once,"],
])("says in %s what the fields are", async (path, doc) => {
  const types = join(project, "node_modules/isolate/dist/library", path);
  expect(await readFile(types, "utf8")).toContain(doc);
});
