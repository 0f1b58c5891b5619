import { constants, Script } from "node:vm";
import { LRUCache } from "lru-cache";
import { transform } from "sucrase";
import { messageOf } from "../../base/errors.ts";
import type { Source } from "../../protocol/in-process.ts";
import { MODULE_NAME } from "../../protocol/messages.ts";
import { IMPORTED, META, type ModuleBody, moduleBody, USE } from "./module-body.ts";

/**
 * Compiled modules that are cached. Code at level `none` is the host's own and runs again and
 * again.
 */
const KEPT = 100;

/** A comment by which a single file says how its JSX is compiled, and the function for it. */
const JSX_PRAGMA = /@jsx\s+([\w$.]+)/;
const JSX_FRAGMENT = /@jsxFrag\s+([\w$.]+)/;

/** A module compiled to a function, because a realm supports no modules. */
export interface CompiledModule {
  /** Evaluates to `(imported, use, meta) => Promise<void>`, which calls `use` with the exports. */
  readonly script: Script;
  /** Static imports. `imported` has their namespaces in this order. */
  readonly specifiers: readonly string[];
}

const kept = new LRUCache<string, CompiledModule>({ max: KEPT });

/**
 * Compiles a module in JavaScript, or in TypeScript if it is no JavaScript. Lines keep their
 * numbers.
 *
 * @throws {SyntaxError} without a stack, for code that does not parse.
 */
export function compile({ code, language }: Source): CompiledModule {
  const key = `${language ?? ""}:${code}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const compiled = compileAnew(code, language);
  kept.set(key, compiled);
  return compiled;
}

function compileAnew(code: string, language: Source["language"]): CompiledModule {
  try {
    const { text, specifiers } = bodyOf(code, language);
    const script = new Script(`(async (${IMPORTED},${USE},${META}) => {${text}})`, {
      filename: MODULE_NAME,
      // The body's first line is added by `moduleBody()`.
      lineOffset: -1,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    return { script, specifiers };
  } catch (error) {
    throw syntaxError(error);
  }
}

function bodyOf(code: string, language: Source["language"]): ModuleBody {
  let fault: unknown;
  if (language !== "typescript") {
    try {
      return moduleBody(code);
    } catch (error) {
      fault = error;
    }
  }
  const jsx = jsxOf(code);
  if (language === "javascript" && jsx === undefined) throw fault;
  try {
    const plain = transform(code, {
      transforms: ["typescript", ...(jsx ? (["jsx"] as const) : [])],
      disableESTransforms: true,
      ...jsx,
    });
    return moduleBody(plain.code);
  } catch (error) {
    throw isBefore(error, fault) ? fault : error;
  }
}

/** Tells whether the parser of TypeScript has come less far than that of JavaScript. */
function isBefore(one: unknown, other: unknown): boolean {
  const [line, column] = placeOf(one);
  const [otherLine, otherColumn] = placeOf(other);
  return otherLine > line || (otherLine === line && otherColumn >= column);
}

interface Placed {
  readonly loc?: { readonly line: number; readonly column: number };
}

/** Returns line and column of an error of a parser; acorn counts columns from zero. */
function placeOf(error: unknown): [line: number, column: number] {
  const { line = 0, column = 0 } = (error as Placed | undefined)?.loc ?? {};
  return [line, error instanceof SyntaxError ? column + 1 : column];
}

function jsxOf(code: string) {
  const [, jsxPragma] = JSX_PRAGMA.exec(code) ?? [];
  if (jsxPragma === undefined) return undefined;
  const [, jsxFragmentPragma = "React.Fragment"] = JSX_FRAGMENT.exec(code) ?? [];
  return { jsxPragma, jsxFragmentPragma, production: true };
}

function syntaxError(cause: unknown): SyntaxError {
  const words = messageOf(cause).replace(/^Error transforming .*?: /, "");
  const error = new SyntaxError(placed(words, cause));
  // The stack would be about this file, not about the code.
  Reflect.deleteProperty(error, "stack");
  return error;
}

/** Ends a message with the place. Columns begin at 1, as everywhere else. */
function placed(words: string, cause: unknown): string {
  const { loc, raisedAt, stack = "" } = cause as Partial<AcornError>;
  // Acorn counts columns from 0.
  if (raisedAt !== undefined && loc !== undefined) {
    return words.replace(/ \(\d+:\d+\)$/, ` (${loc.line}:${loc.column + 1})`);
  }
  const [, line, before] = V8_PLACE.exec(stack) ?? [];
  return line === undefined ? words : `${words} (${line}:${(before?.length ?? 0) + 1})`;
}

interface AcornError extends Error {
  readonly raisedAt: number;
  readonly loc: { readonly line: number; readonly column: number };
}

/** Beginning of a stack of V8's for a script that does not parse. */
const V8_PLACE = /^main\.ts:(\d+)\n[^\n]*\n(\s*)\^/;
