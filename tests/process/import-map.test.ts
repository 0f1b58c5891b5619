import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { BARE_BUILTINS, CHANGED_MODULES } from "../../scripts/build/import-map.ts";
import { denoBinary } from "../../src/deno/deno.ts";

const run = promisify(execFile);

it.each(Object.entries(CHANGED_MODULES))("has all exports of %s", async (name, exports) => {
  const code = `console.log(JSON.stringify(Object.keys(await import("node:${name}"))))`;
  const { stdout } = await run(denoBinary(), ["eval", "--no-config", "--no-lock", code]);
  const names = (JSON.parse(stdout) as string[]).filter((found) => found !== "default");
  expect(exports.trim().split(/\s+/).sort()).toEqual(names.sort());
});

it("has the bare names of all modules", async () => {
  const code = 'console.log(JSON.stringify((await import("node:module")).builtinModules))';
  const { stdout } = await run(denoBinary(), ["eval", "--no-config", "--no-lock", code]);
  const names = (JSON.parse(stdout) as string[]).filter((found) => !found.startsWith("node:"));
  expect([...BARE_BUILTINS].sort()).toEqual(names.sort());
});
