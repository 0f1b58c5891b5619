/**
 * Web Crypto of packages. The global `crypto` of a sandbox is a tool, which code may not have. Packages read it at
 * import, and `node:crypto` has the same for all code.
 */
import { nodesOf, type Tree, treeOfPackage } from "./syntax-tree.ts";

const CRYPTO = "isolate_crypto";
/** Function that returns the global object with this `crypto`, and any other value as it is. */
const GLOBAL = "isolate_global";

/** Replacements in the text of packages. */
export const CRYPTO_DEFINES = {
  crypto: CRYPTO,
  // For files that are no JavaScript yet.
  "globalThis.crypto": CRYPTO,
  "global.crypto": CRYPTO,
  "self.crypto": CRYPTO,
  "window.crypto": CRYPTO,
} as const;

/** Signs that a file may read the property of an object: `.crypto`, `["crypto"]`, `"crypto" in`, `{ crypto } =`. */
const CANDIDATE =
  /\.\s*crypto\b|\[\s*(["'`])crypto\1\s*\]|(["'`])crypto\2\s*in\b|\bcrypto\b[^{}]{0,500}\}\s*=/;

/** Tells whether a text may use these names. */
export function usesCrypto(code: string): boolean {
  return code.includes(CRYPTO) || code.includes(GLOBAL);
}

/** Text that defines these names, without a line break. */
export const CRYPTO_TEXT = `
let ${CRYPTO} = globalThis.process?.getBuiltinModule?.("node:crypto")?.webcrypto ?? globalThis.crypto;
const ${GLOBAL} = ((view) => (value) => value === globalThis ? view : value)(new Proxy({ __proto__: null }, {
  get: (_, name) => name === "crypto" ? ${CRYPTO} : globalThis[name],
  has: (_, name) => name === "crypto" || name in globalThis,
  set: (_, name, value) => { if (name === "crypto") ${CRYPTO} = value; else globalThis[name] = value; return true; },
  deleteProperty: (_, name) => name === "crypto" || delete globalThis[name],
}));`.replace(/\s*\n\s*/g, " ");

/**
 * Passes each object of which a file reads `crypto` through that function, because many names may stand for the
 * global object. Lines stay.
 */
export function withOwnCrypto(text: string): string {
  if (!CANDIDATE.test(text)) return text;
  const tree = treeOfPackage(text);
  if (tree === undefined) return text;
  const constructed = new Set<unknown>();
  const objects = new Set<Tree>();
  for (const node of nodesOf(tree)) {
    if (node.type === "NewExpression") constructed.add(innermost(node.callee as Tree));
    const object = objectOf(node);
    if (object !== undefined && object.type !== "Super") objects.add(object);
  }
  const added = [...objects].flatMap((object) => {
    // The operand of `new` has no call outside of parentheses.
    const [open, close] = constructed.has(object) ? ["(", ")"] : ["", ""];
    return [
      { at: object.start, inner: -object.end, text: `${open}${GLOBAL}((` },
      { at: object.end, inner: object.start, text: `))${close}` },
    ];
  });
  return inserted(text, added);
}

/** Returns the object of which a node reads `crypto`. */
function objectOf(node: Tree): Tree | undefined {
  switch (node.type) {
    case "MemberExpression":
      return isName(node.property, !node.computed) ? (node.object as Tree) : undefined;
    case "BinaryExpression":
      return node.operator === "in" && isName(node.left, false) ? (node.right as Tree) : undefined;
    case "VariableDeclarator":
      return takesIt(node.id) ? ((node.init as Tree | null) ?? undefined) : undefined;
    case "AssignmentExpression":
    case "AssignmentPattern":
      return takesIt(node.left) ? (node.right as Tree) : undefined;
    default:
      return undefined;
  }
}

function isName(given: unknown, isPlain: boolean): boolean {
  const { type, name, value, quasis } = given as Tree;
  if (type === "Identifier") return isPlain && name === "crypto";
  if (type !== "TemplateLiteral") return value === "crypto";
  const [only, ...more] = quasis as { value: { cooked: unknown } }[];
  return more.length === 0 && only?.value.cooked === "crypto";
}

/** Tells whether a pattern takes `crypto`. One that takes all the rest needs the object itself. */
function takesIt(given: unknown): boolean {
  const { type, properties } = given as Tree;
  if (type !== "ObjectPattern") return false;
  const all = properties as Tree[];
  if (all.some((each) => each.type !== "Property")) return false;
  return all.some(({ key, computed }) => isName(key, !computed));
}

function innermost(callee: Tree): Tree {
  let node = callee;
  while (node.type === "MemberExpression") {
    if (isName(node.property, !node.computed)) return node.object as Tree;
    node = node.object as Tree;
  }
  return node;
}

interface Insertion {
  readonly at: number;
  /** Order at one place: outer begins come first, and inner ends. */
  readonly inner: number;
  readonly text: string;
}

function inserted(text: string, added: readonly Insertion[]): string {
  const isEnd = ({ text: one }: Insertion): boolean => one.startsWith(")");
  const order = [...added].sort((a, b) => {
    if (a.at !== b.at) return a.at - b.at;
    if (isEnd(a) !== isEnd(b)) return isEnd(a) ? -1 : 1;
    return isEnd(a) ? b.inner - a.inner : a.inner - b.inner;
  });
  let whole = "";
  let from = 0;
  for (const { at, text: one } of order) {
    whole += text.slice(from, at) + one;
    from = at;
  }
  return whole + text.slice(from);
}
