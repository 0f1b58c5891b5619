import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasServer } from "../../../../server/store/location.ts";
import { ROOT } from "../../../helpers/pages.ts";

/** Lists uses of the kind that a third kind would pass by in silence: all but in a `switch`. */
function comparisonsIn(source: string): string[] {
  return source.split("\n").filter((line) => {
    if (!line.includes("storeKind(") || /^export function /.test(line)) return false;
    return !/^ *switch \(storeKind\(.*\)\) \{$/.test(line);
  });
}

describe("kinds of stores", () => {
  const files = readdirSync(join(ROOT, "server"), { recursive: true, encoding: "utf8" });
  const sources = files
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(join(ROOT, "server", path), "utf8"));

  it("are told apart by a switch alone, so that the compiler names each place", () => {
    expect(sources.flatMap(comparisonsIn)).toEqual([]);
    expect(sources.filter((text) => text.includes("switch (storeKind(")).length).toBe(4);
  });

  it.each(['  if (storeKind(given) !== "postgres") {', "  const kind = storeKind(given);"])(
    "a use like %s is noticed",
    (line) => {
      expect(comparisonsIn(`  switch (storeKind(given)) {\n${line}`)).toEqual([line]);
    },
  );

  it.each([
    ["postgres://localhost/isolate", true],
    ["postgresql://localhost/isolate", true],
    ["/var/lib/isolate", false],
  ])("%s has a server: %s", (location, has) => {
    expect(hasServer(location)).toBe(has);
  });
});
