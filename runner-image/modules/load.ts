/** Loads user code as a module: as JavaScript, or else as TypeScript. */
import { type Language, MODULE_URL } from "../../src/protocol/messages.ts";
import { unfollowed } from "../base/bare-call.ts";
import { makeUrl } from "../base/blob-urls.ts";
import { execPattern, listOf, NativeBlob } from "../base/primordials.ts";
import { readable } from "./parse-message.ts";
import { loadImports, parses } from "./static-imports.ts";
import { withoutTypes } from "./typescript.ts";
import { importText, type Module } from "./virtual.ts";

export interface Source {
  readonly code: string;
  readonly language?: Language | undefined;
  /** URL that the module gets. */
  readonly url: string;
}

/** Comment by which a single file says that it has JSX, and how to compile it. */
const JSX_PRAGMA = /@jsx(ImportSource|Runtime|Frag)?\s+\S/;
const LEADING_PRAGMA = /^\s*\/\*[^/]*@jsx/;
const PRAGMAS = [
  /@jsx\s+[\w$.]+/,
  /@jsxFrag\s+[\w$.]+/,
  /@jsxImportSource\s+[\w@./:-]+/,
  /@jsxRuntime\s+\w+/,
];
const THEN = /\bthen\b/;

/**
 * Evaluates the code once and passes its namespace to `use`. No promise of this file has the
 * namespace for a value: a module may export `then`. `onUrl` gets the URL of a module that cannot
 * have the source's, before it is loaded.
 *
 * @throws {RunnerFault} A `SyntaxError` that ends with line and column.
 */
export async function loadSource(
  source: Source,
  use: (module: Module) => unknown,
  onUrl: (url: string) => void,
): Promise<unknown> {
  let module: Module | undefined;
  const keep = (loaded: Module): void => {
    module = loaded;
  };
  await load(source, keep, onUrl);
  return await use(module as unknown as Module);
}

type Keep = (module: Module) => void;

async function load(source: Source, keep: Keep, onUrl: (url: string) => void): Promise<void> {
  const { code, language, url } = source;
  if (language !== "typescript") {
    const fault = await tryText(url, code, keep);
    if (fault === undefined) return;
    if (parses(code)) throw readable(fault, url);
    const isJsx = language === "javascript" && execPattern(JSX_PRAGMA, code) !== null;
    if (isJsx) return loadBlob(withPragmasFirst(code), "text/jsx", keep, onUrl);
    if (language === "javascript") throw readable(fault, url);
  }
  const plain = strip(code);
  if (plain === undefined) return loadBlob(withPragmasFirst(code), "text/tsx", keep, onUrl);
  const fault = await tryText(url, plain, keep);
  if (fault === undefined) return;
  if (parses(plain)) throw readable(fault, url);
  // Decorators, which V8 does not know. Deno compiles them only in a file of TypeScript.
  await loadBlob(code, "application/typescript", keep, onUrl);
}

/** Imports the text. Resolves with the `SyntaxError` if there is one, also of its evaluation. */
async function tryText(url: string, text: string, keep: Keep): Promise<Error | undefined> {
  const isThenable = execPattern(THEN, text) !== null;
  try {
    await loadImports(text);
    await importText(url, text, keep, isThenable);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return thrown;
    throw thrown;
  }
}

/** Removes the types. Returns nothing for a text with JSX. */
function strip(code: string): string | undefined {
  try {
    return withoutTypes(code);
  } catch (thrown) {
    if (execPattern(JSX_PRAGMA, code) !== null) return undefined;
    throw readable(thrown, MODULE_URL);
  }
}

/**
 * Repeats the comments about JSX before the code, because Deno reads them only there. It stays on the
 * first line, whose columns move.
 */
function withPragmasFirst(code: string): string {
  if (execPattern(LEADING_PRAGMA, code) !== null) return code;
  let comment = "";
  for (let i = 0; i < PRAGMAS.length; i += 1) {
    const found = execPattern(PRAGMAS[i] as RegExp, code);
    if (found !== null) comment += `${found[0]} `;
  }
  return `/** ${comment}*/${code}`;
}

async function loadBlob(
  code: string,
  type: string,
  keep: Keep,
  onUrl: (url: string) => void,
): Promise<void> {
  const url = makeUrl(new NativeBlob(listOf(code), { type }));
  onUrl(url);
  try {
    keep((await unfollowed(import(url))) as Module);
  } catch (thrown) {
    throw readable(thrown, url);
  }
}
