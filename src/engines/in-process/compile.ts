import { constants, Script } from "node:vm";
import { LRUCache } from "lru-cache";
import { transform } from "sucrase";
import { messageOf } from "../../base/errors.ts";
import { MODULE_NAME } from "../../protocol/messages.ts";
import { IMPORTED, moduleBody, USE } from "./module-body.ts";

/**
 * Compiled modules that are cached. Code at level `none` is the host's own and runs again and
 * again.
 */
const KEPT = 100;

/** A module compiled to a function, because a realm supports no modules. */
export interface CompiledModule {
  /** Evaluates to `(imported, use) => Promise<void>`, which calls `use` with the exports. */
  readonly script: Script;
  /** Static imports. `imported` has their namespaces in this order. */
  readonly specifiers: readonly string[];
}

const kept = new LRUCache<string, CompiledModule>({ max: KEPT });

/**
 * Compiles a module in JavaScript or TypeScript. Lines keep their numbers.
 *
 * @throws {SyntaxError} without a stack, for code that does not parse.
 */
export function compile(code: string): CompiledModule {
  const known = kept.get(code);
  if (known !== undefined) return known;
  const compiled = compileAnew(code);
  kept.set(code, compiled);
  return compiled;
}

function compileAnew(code: string): CompiledModule {
  try {
    const plain = transform(code, { transforms: ["typescript"], disableESTransforms: true }).code;
    const { text, specifiers } = moduleBody(plain);
    const script = new Script(`(async (${IMPORTED},${USE}) => {${text}})`, {
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

function syntaxError(cause: unknown): SyntaxError {
  const error = new SyntaxError(messageOf(cause).replace(/^Error transforming .*?: /, ""));
  // The stack would be about this file, not about the code.
  Reflect.deleteProperty(error, "stack");
  return error;
}
