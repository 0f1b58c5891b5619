import { constants, Script } from "node:vm";
import { init, parse } from "es-module-lexer";
import { LRUCache } from "lru-cache";
import { type Transform, transform } from "sucrase";
import { messageOf } from "../../errors.ts";

/** What user code's own module is called in a stack, at every level. */
const MODULE_NAME = "main.ts";

/** Modules kept compiled: code at level `none` is the host's own, and runs again and again. */
const KEPT = 100;

/** A module as the body of an async function, for a realm that takes no modules. */
export interface Compiled {
  /** Evaluates to `(exports, require) => Promise<void>`. */
  readonly script: Script;
  /** What it imports statically; `require` is asked for these. */
  readonly specifiers: readonly string[];
}

const kept = new LRUCache<string, Compiled>({ max: KEPT });

/**
 * Compiles a module in JavaScript or TypeScript. Lines stay where they are. Throws a `SyntaxError`
 * without a stack for what does not parse.
 */
export async function compile(code: string): Promise<Compiled> {
  await init;
  const known = kept.get(code);
  if (known !== undefined) return known;
  const compiled = compileAnew(code);
  kept.set(code, compiled);
  return compiled;
}

function compileAnew(code: string): Compiled {
  try {
    const plain = translate(code, ["typescript"]);
    const [imports] = parse(plain);
    const specifiers = imports.flatMap(({ n, d }) => (n !== undefined && d === -1 ? [n] : []));
    // What the translation puts in front goes to a line of its own, which is line 0.
    const body = translate(`\n${plain}`, ["imports"]);
    // In a block: its author's "exports" or "require" may be a name like any other.
    const source = `(async (exports, require) => {"use strict";{${body}\n}})`;
    const script = new Script(source, {
      filename: MODULE_NAME,
      lineOffset: -1,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    return { script, specifiers };
  } catch (error) {
    throw syntaxError(error);
  }
}

function translate(code: string, transforms: Transform[]): string {
  const options = { transforms, preserveDynamicImport: true, disableESTransforms: true };
  return transform(code, options).code;
}

function syntaxError(cause: unknown): SyntaxError {
  const error = new SyntaxError(messageOf(cause).replace(/^Error transforming .*?: /, ""));
  // It would tell about this file, and nothing about the code.
  Reflect.deleteProperty(error, "stack");
  return error;
}
