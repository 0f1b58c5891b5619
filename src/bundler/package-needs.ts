/** Needs of a function: the modules of packages that its files import, and the names it takes of them. */
import { type Program, parse } from "acorn";

/** Import of a module of a package by user code. */
export interface Need {
  /** Specifier of the installed package, such as `zod/mini`. */
  readonly specifier: string;
  /** Specifier as the files have it, such as `npm:zod@4/mini`. */
  readonly written: string;
  readonly kind: "import" | "lazy" | "require";
  /** Attribute `type` of the import. */
  readonly type?: string | undefined;
  /** Names of the exports that are used. */
  readonly names: readonly string[];
  /** True if the whole namespace is used. */
  readonly whole: boolean;
  /** True if all names are exported again, so that they must be known. */
  readonly star: boolean;
}

/** Specifier that the first pass of the bundler gives to an import, by the place in this list. */
export interface WrittenImport {
  readonly specifier: string;
  readonly written: string;
  readonly kind: Need["kind"];
}

interface Named {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
}

/**
 * Reads from bundled code which names of each import it uses. The bundler has dropped the unused
 * ones. `prefix` and an index in `imports` are the specifiers in the code.
 */
export function needsOf(code: string, imports: readonly WrittenImport[], prefix: string): Need[] {
  const needs = new Map<number, { -readonly [K in keyof Need]: Need[K] } & { names: string[] }>();
  const needOf = (source: unknown) => {
    const specifier = String((source as { value?: unknown }).value);
    const index = specifier.startsWith(prefix) ? Number(specifier.slice(prefix.length)) : -1;
    const found = imports[index];
    if (found === undefined) return undefined;
    const need = needs.get(index) ?? { ...found, names: [], whole: false, star: false };
    needs.set(index, need);
    return need;
  };
  for (const node of treeOf(code).body) {
    if (!("source" in node) || !node.source) continue;
    const need = needOf(node.source);
    if (need === undefined) continue;
    const type = typeOf(node.attributes);
    if (type !== undefined) need.type = type;
    if (node.type === "ExportAllDeclaration") {
      need.whole = true;
      if (!node.exported) need.star = true;
      continue;
    }
    for (const each of node.specifiers) {
      if (each.type === "ImportNamespaceSpecifier") need.whole = true;
      else if (each.type === "ImportDefaultSpecifier") need.names.push("default");
      else if (each.type === "ImportSpecifier") need.names.push(nameOf(each.imported));
      else need.names.push(nameOf(each.local));
    }
  }
  for (const [index, found] of imports.entries()) {
    const isCall = found.kind !== "import" && code.includes(`("${prefix}${index}"`);
    if (isCall) needs.set(index, { ...found, names: [], whole: false, star: false });
  }
  const sorted = [...needs].sort(([a], [b]) => a - b).map(([, need]) => need);
  return sorted.map((need) => ({ ...need, names: [...new Set(need.names)].sort() }));
}

/** Names that the module declares at its top, which the code of packages must not see. */
export function topNamesOf(code: string): string[] {
  const names: string[] = [];
  const open: unknown[] = [];
  for (const node of treeOf(code).body) {
    if (node.type === "ImportDeclaration") open.push(...node.specifiers.map(({ local }) => local));
    const declared = "declaration" in node && node.declaration ? node.declaration : node;
    if (declared.type === "VariableDeclaration") {
      for (const { id } of declared.declarations) open.push(id);
    } else if ("id" in declared && declared.id) names.push(nameOf(declared.id as Named));
  }
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const pattern = node as Named & Readonly<Record<string, unknown>>;
    if (pattern.type === "Identifier") names.push(nameOf(pattern));
    for (const key of ["left", "argument", "value"]) {
      if (typeof pattern[key] === "object" && pattern[key] !== null) open.push(pattern[key]);
    }
    for (const key of ["properties", "elements"]) {
      const list = pattern[key];
      if (Array.isArray(list)) for (const each of list) if (each !== null) open.push(each);
    }
  }
  return names;
}

const SYNTAX = { sourceType: "module", ecmaVersion: "latest", allowHashBang: true } as const;

function treeOf(code: string): Program {
  return parse(code, SYNTAX);
}

function nameOf(name: Named): string {
  return String(name.type === "Identifier" ? name.name : name.value);
}

function typeOf(attributes: readonly { key: Named; value: Named }[] = []): string | undefined {
  const found = attributes.find(({ key }) => nameOf(key) === "type");
  return found && String(found.value.value);
}
