/** Calls of `require` and `import` in packages whose argument is known only when they run. */
import { nodesOf, type Tree, treeOfPackage } from "./syntax-tree.ts";

/** Begin of a call whose argument is not only a literal text. */
const CANDIDATE = /\b(?:require|import)\s*\(\s*(?:\/\*[^*]*\*\/\s*)*(?!(["'])[^"'\\\n]*\1\s*[,)])/;

interface Call {
  readonly name: "require" | "import";
  /** Index of that word. */
  readonly at: number;
}

/**
 * Renames these calls, so that the bundler leaves them alone: they call a function at the end of the
 * text. It gives modules of the runtime, and an error for all else. All positions stay.
 */
export function withDynamicCalls(text: string, file: string): string {
  if (!CANDIDATE.test(text)) return text;
  const calls = callsIn(text);
  if (calls.length === 0) return text;
  const names = { require: freeName(text, 7, "r"), import: freeName(text, 6, "i") };
  let renamed = "";
  let from = 0;
  for (const { name, at } of calls) {
    renamed += text.slice(from, at) + names[name];
    from = at + name.length;
  }
  const used = new Set(calls.map(({ name }) => name));
  const added = [...used].map((name) => functionOf(name, names[name], file));
  return `${renamed}${text.slice(from)}\n${added.join("\n")}`;
}

/** Finds the calls, in their order. A text that does not parse has none. */
function callsIn(text: string): Call[] {
  const tree = treeOfPackage(text);
  if (tree === undefined) return [];
  const calls: Call[] = [];
  let isRequireOwn = false;
  for (const node of nodesOf(tree)) {
    if (declaresRequire(node)) isRequireOwn = true;
    const call = callOf(node);
    if (call !== undefined) calls.push(call);
  }
  const own = isRequireOwn ? calls.filter(({ name }) => name !== "require") : calls;
  return own.sort((a, b) => a.at - b.at);
}

/** Tells whether a node gives the name `require` to something else, as bundles of others do. */
function declaresRequire(node: Tree): boolean {
  const { id, params, local } = node as { id?: unknown; params?: unknown; local?: unknown };
  const names = [id, local, ...(Array.isArray(params) ? params : [])];
  return names.some((each) => (each as Tree | null | undefined)?.name === "require");
}

function callOf(node: Tree): Call | undefined {
  if (node.type === "ImportExpression") {
    return isLiteral(node.source as Tree) ? undefined : { name: "import", at: node.start };
  }
  if (node.type !== "CallExpression") return undefined;
  const callee = node.callee as Tree;
  if (callee.type !== "Identifier" || callee.name !== "require") return undefined;
  const [first] = node.arguments as Tree[];
  return first && isLiteral(first) ? undefined : { name: "require", at: callee.start };
}

/** Tells whether the bundler knows the text: a literal, or one of two. */
function isLiteral(node: Tree): boolean {
  if (node.type === "Literal") return typeof node.value === "string";
  if (node.type === "TemplateLiteral") return (node.expressions as unknown[]).length === 0;
  if (node.type !== "ConditionalExpression") return false;
  const branches = [node.consequent, node.alternate] as Tree[];
  return branches.every((each) => each.type !== "ConditionalExpression" && isLiteral(each));
}

/** Returns an identifier of this length that the text does not contain. */
function freeName(text: string, length: number, letter: string): string {
  for (let n = 0; ; n += 1) {
    const name = `_${letter}${n.toString(36).padStart(length - 2, "0")}`;
    if (!text.includes(name)) return name;
  }
}

/** Makes a function. Its declaration holds for the whole file, so it can be the end of it. */
function functionOf(name: Call["name"], called: string, file: string): string {
  const from = JSON.stringify(
    `", ${name}d by ${file}: its path is known only at run time, and a bundle has no files`,
  ).replace("importd", "imported");
  const fault = `globalThis.Object.assign(new globalThis.Error('Cannot find "' + path + ${from}), { code: "MODULE_NOT_FOUND" })`;
  if (name === "require") {
    return `function ${called}(path) { const found = globalThis.process?.getBuiltinModule?.(''+path); if (found) return found; throw ${fault}; }`;
  }
  return `async function ${called}(path, options) { if (/^(?:data|blob|node|https?):/.test(path) || globalThis.process?.getBuiltinModule?.(''+path)) return import(path, options); throw ${fault}; }`;
}

/** End of the bundler's own function for a `require` that code passes on. */
const REFUSING = `throw Error('Dynamic require of "' + x + '" is not supported');`;
const GIVING = `var found = globalThis.process?.getBuiltinModule?.(''+x); if (found) return found; throw globalThis.Object.assign(globalThis.Error('Dynamic require of "' + x + '" is not supported'), { code: "MODULE_NOT_FOUND" });`;

/** Lets a `require` that packages pass on as a value give modules of the runtime, too. */
export function withPassedRequire(code: string): string {
  return code.replace(REFUSING, () => GIVING);
}
