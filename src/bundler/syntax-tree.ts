/** Syntax trees of packages' files. They are read in a confined process. */
import { type Node, parse } from "acorn";

export type Tree = Node & Readonly<Record<string, unknown>>;

/** Parses a module or a script. Returns nothing for a text that is neither. */
export function treeOfPackage(text: string): Tree | undefined {
  const options = { ecmaVersion: "latest", allowHashBang: true } as const;
  const script = { allowReturnOutsideFunction: true, sourceType: "script" } as const;
  for (const form of [{ sourceType: "module" } as const, script]) {
    try {
      return parse(text, { ...options, ...form }) as unknown as Tree;
    } catch {
      // The other form may fit.
    }
  }
  return undefined;
}

/** Lists the nodes of a tree, in no order. */
export function* nodesOf(tree: Tree): Generator<Tree> {
  // A stack of its own, because hostile code is nested deeper than calls can be.
  const open: unknown[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (Array.isArray(node)) {
      // A loop, because so many arguments as an array may have elements no call can have.
      for (const each of node) open.push(each);
      continue;
    }
    if (typeof node !== "object" || node === null || !("type" in node)) continue;
    const each = node as Tree;
    yield each;
    for (const key in each) {
      const value = each[key];
      if (typeof value === "object" && value !== null) open.push(value);
    }
  }
}
