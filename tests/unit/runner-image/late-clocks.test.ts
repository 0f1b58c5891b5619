/** Finds what code may have replaced in those functions of runner-image/clocks/ that run after it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "acorn";
import { transform } from "sucrase";
import { expect, it } from "vitest";

type Tree = Record<string, unknown> & { type: string };

const LATE = ["contexts", "collector", "modules", "performance", "temporal", "wasi"];
/** Functions of these files that run before user code exists. Those within them run late. */
const EARLY = ["closeContexts", "closeModules", "coarsenCollector", "coarsenPerformance"];

/** Nodes that look up the iterator of a list. */
const ITERATING = ["ForOfStatement", "SpreadElement", "ArrayPattern"];

/** Lists the globals and the iterations in the late functions of a module. */
function lateUses(text: string): string[] {
  const { code } = transform(text, { transforms: ["typescript"], disableESTransforms: true });
  const tree = parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Tree;
  const declared = new Set(["undefined"]);
  walk(tree, false, (node) => {
    for (const name of declarationsOf(node)) declared.add(name);
  });
  const found: string[] = [];
  walk(tree, false, (node, late) => {
    if (late && ITERATING.includes(node.type)) found.push(node.type);
    if (late && node.type === "Identifier" && !declared.has(node.name as string)) {
      found.push(node.name as string);
    }
  });
  return found;
}

function walk(node: Tree, late: boolean, visit: (node: Tree, late: boolean) => void): void {
  visit(node, late);
  const name = (node.id as Tree | null | undefined)?.name as string;
  const inside = late || (node.type.includes("Function") && !EARLY.includes(name));
  for (const [key, value] of Object.entries(node)) {
    // Names of members are no references.
    const isMember = (key === "property" || key === "key") && node.computed !== true;
    if (isMember || key === "imported") continue;
    for (const child of [value].flat()) {
      if (typeof child === "object" && child !== null && "type" in child) {
        walk(child as Tree, inside, visit);
      }
    }
  }
}

/** Lists the names that a node declares. */
function declarationsOf(node: Tree): string[] {
  const targets = [
    node.params ?? [],
    node.param ?? [],
    node.id ?? [],
    node.local ?? [],
  ].flat() as Tree[];
  return targets.flatMap(namesIn);
}

function namesIn(pattern: Tree): string[] {
  if (pattern.type === "Identifier") return [pattern.name as string];
  const parts = [pattern.properties, pattern.elements, pattern.value, pattern.left];
  const inner = [...parts, pattern.argument].flat().filter((part) => part != null) as Tree[];
  return inner.flatMap(namesIn);
}

it.each(LATE)("functions of %s that run late use no globals and no iterators", (name) => {
  const path = join(import.meta.dirname, `../../../runner-image/clocks/${name}.ts`);
  expect(lateUses(readFileSync(path, "utf8"))).toEqual([]);
});

it("finds a global, a loop and a spread", () => {
  const text = `const own = Object.keys; function late(list: object) { own(list); Object.keys(list);
    for (const item of list) own([...item]); }`;
  expect(lateUses(text)).toEqual(["Object", "ForOfStatement", "SpreadElement"]);
});
