import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { examplesOf, runExample } from "../../helpers/examples.ts";

const files = [
  "src/config/config.ts",
  "src/config/database.ts",
  "src/config/strict-mode.ts",
  "src/engines/explain/denials.ts",
  "src/engines/explain/hints.ts",
  "src/engines/explain/network-hints.ts",
  "src/common/deferred.ts",
  "src/common/inject.ts",
  "src/common/lazy.ts",
  "src/common/proxy.ts",
  "src/permissions/ceiling.ts",
  "src/permissions/detector.ts",
  "src/destinations/host-entry.ts",
  "src/destinations/local.ts",
  "src/permissions/merger.ts",
  "src/permissions/name-grant.ts",
  "src/permissions/net-ceiling.ts",
  "src/permissions/net-grant.ts",
  "src/permissions/normalizer.ts",
  "src/permissions/parser.ts",
  "src/permissions/path-grant.ts",
  "src/permissions/perms.ts",
  "src/permissions/plan.ts",
  "src/permissions/refusal.ts",
  "src/permissions/shape.ts",
  "src/permissions/text.ts",
  "src/permissions/validator.ts",
  "src/protocol/tunnels.ts",
  "src/base/shorten.ts",
  "src/common/evaluate.ts",
  "src/common/exported.ts",
  "src/tools/tool-permissions.ts",
  "src/tools/toolbox.ts",
];

describe.each(files)("the examples in %s", (file) => {
  const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url));
  const examples = examplesOf(readFileSync(path, "utf8"));

  it("exist", () => {
    expect(examples).not.toEqual([]);
  });

  it.each(examples)("hold: $expression", async (example) => {
    const { actual, expected } = await runExample(example, await import(path));
    expect(actual).toEqual(expected);
  });
});

describe("an example", () => {
  it("may have lines before its last, and tags after it", () => {
    const source = "/**\n * Text.\n *\n * @example\n * const a = 1;\n * a // 1\n * @see b\n */";
    expect(examplesOf(source)).toEqual([{ setup: "const a = 1;", expression: "a", expected: "1" }]);
  });

  it("that expects nothing is an error", () => {
    expect(() => examplesOf("/** @example f() */")).toThrow('does not end in "// expected": f()');
  });

  it("that does not hold is noticed", async () => {
    const [example] = examplesOf("/** @example await f(1) // 2 */");
    if (example === undefined) throw new Error("No example found");
    const { actual, expected } = await runExample(example, { f: async (x: number) => x });
    expect([actual, expected]).toEqual([1, 2]);
  });
});
