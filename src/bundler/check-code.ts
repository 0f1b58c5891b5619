/** Checks the text of one module without running it. It runs in a confined process. */
import { type Program, parse as parseTree } from "acorn";
import type { Language } from "../protocol/messages.ts";
import type { Fault } from "./bundle-fault.ts";
import { adviceFor, resolveImport } from "./resolve-import.ts";

export interface CheckInput {
  readonly code: string;
  readonly language?: Language | undefined;
}

/** Names of the exports, if all of them are known, or the fault. */
export type CheckOutput = { readonly exports?: readonly string[] } | Fault;

/** Parsers of the runtime that will run the code. */
export interface Parsers {
  /** Throws for a text that is no JavaScript. */
  readonly parse: (text: string) => void;
  /** Makes JavaScript of TypeScript. Throws a message that ends with line and column. */
  readonly transform: (text: string) => string;
}

const SYNTAX = { sourceType: "module", ecmaVersion: "latest", allowHashBang: true } as const;
const JSX_PRAGMA = /@jsx(ImportSource|Runtime|Frag)?\s+\S/;
const MAX_FAULT = 1_000;
const MAX_EXPORTS = 500;
const UNKNOWN = {};

/**
 * Reads the code as a sandbox does. Only what its parsers refuse has a wrong syntax. Static imports
 * must name what a sandbox may have; a dynamic one may be meant to fail.
 */
export function checkCode({ code, language }: CheckInput, parsers: Parsers): CheckOutput {
  const isJsx = JSX_PRAGMA.test(code);
  let fault: Fault | undefined;
  if (language !== "typescript") {
    fault = faultIn(code, parsers);
    if (fault === undefined) return contentsOf(code, code);
    if (language === "javascript") return isJsx ? UNKNOWN : fault;
  }
  let plain: string;
  try {
    plain = parsers.transform(code);
  } catch (error) {
    return isJsx ? UNKNOWN : placed((error as Error).message);
  }
  const rest = faultIn(plain, parsers);
  if (rest === undefined) return contentsOf(plain, code);
  // Decorators are compiled by another parser of the runtime.
  if (/(^|[\s({])@[\w$(]/.test(code)) return UNKNOWN;
  return fault ?? { fault: rest.fault };
}

/** Returns the fault that the runtime finds in JavaScript, at the place that another parser tells. */
function faultIn(text: string, { parse }: Parsers): Fault | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    const fault = (error as Error).message.slice(0, MAX_FAULT);
    const { loc } = treeOf(text) as { loc?: { line: number; column: number } };
    return loc === undefined ? { fault } : { fault, line: loc.line, column: loc.column + 1 };
  }
}

/** Reads `SyntaxError: No name\n …code… at file:///x.ts:1:35`. */
function placed(message: string): Fault {
  const [first = ""] = message.replace(/^SyntaxError: /, "").split("\n", 1);
  const fault = first.replace(/ at file:\/\/\S*$/, "").slice(0, MAX_FAULT);
  const [, line, column] = / at file:\/\/\S*:(\d+):(\d+)\s*$/.exec(message) ?? [];
  return { fault, ...(line && { line: Number(line), column: Number(column) }) };
}

/** Parses JavaScript. Returns the error for a syntax that this parser does not know. */
function treeOf(text: string): Program | Error {
  try {
    return parseTree(text, SYNTAX);
  } catch (error) {
    return error as Error;
  }
}

/** Checks the imports of `text`, and lists its exports. `code` is what the author has written. */
function contentsOf(text: string, code: string): CheckOutput {
  const tree = treeOf(text);
  if (tree instanceof Error) return UNKNOWN;
  const exports: string[] = [];
  let areKnown = true;
  for (const node of tree.body) {
    if ("source" in node && node.source) {
      const specifier = String(node.source.value);
      const fault = faultOfImport(specifier);
      if (fault !== undefined) return { fault, ...placeOf(specifier, code) };
    }
    if (node.type === "ExportDefaultDeclaration") exports.push("default");
    if (node.type === "ExportAllDeclaration") {
      if (node.exported) exports.push(textOf(node.exported));
      else areKnown = false;
    }
    if (node.type !== "ExportNamedDeclaration") continue;
    for (const { exported } of node.specifiers) exports.push(textOf(exported));
    const { declaration } = node;
    if (declaration?.type === "VariableDeclaration") {
      for (const { id } of declaration.declarations) {
        if (id.type === "Identifier") exports.push(id.name);
        else areKnown = false;
      }
    } else if (declaration) exports.push(declaration.id.name);
  }
  return areKnown && exports.length <= MAX_EXPORTS ? { exports } : UNKNOWN;
}

function textOf(name: { type: string; name?: string; value?: unknown }): string {
  return name.type === "Identifier" ? String(name.name) : String(name.value);
}

function faultOfImport(path: string): string | undefined {
  if (/^(data|blob|file):/.test(path) || path === "./main.ts") return undefined;
  if (/^\.{0,2}\//.test(path)) {
    return `There is no "${path}": code is one module. Deploy several as "files"`;
  }
  const resolved = resolveImport({}, "", path);
  return typeof resolved === "string"
    ? `Cannot import "${path}": a sandbox has "node:…" alone${adviceFor(path)}, or bundle it into the code`
    : undefined;
}

/** Finds the text of an import. Its place in a transformed text would be another. */
function placeOf(specifier: string, code: string): { line?: number; column?: number } {
  const spellings = [`"${specifier}"`, `'${specifier}'`];
  const found = spellings.map((text) => code.search(asImport(text))).filter((at) => at >= 0);
  if (found.length === 0) return {};
  const start = Math.min(...found);
  const at = Math.min(
    ...spellings.map((text) => code.indexOf(text, start)).filter((index) => index >= 0),
  );
  const before = code.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

function asImport(quoted: string): RegExp {
  return new RegExp(`(from|import)\\s*${quoted.replace(/[^\w\s]/g, "\\$&")}`);
}
