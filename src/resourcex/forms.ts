import { createHash } from "node:crypto";
import { build } from "esbuild";
import { LRUCache } from "lru-cache";
import { type Compiled, compile, readTypeEntry } from "../compiler/compiler.ts";
import { builtinTypes } from "./builtin-bundles.ts";
import { COMPOSE_INPUTS, composeType } from "./compose.ts";

/** Modules kept ready: each execution of a type runs the same one. */
const KEPT = 200;
const KEPT_CHARACTERS = 67_108_864;

const kept = new LRUCache<string, TypeModule>({
  max: KEPT,
  maxSize: KEPT_CHARACTERS,
  sizeCalculation: ({ text }, code) => text.length + code.length,
});

/** Code → its module, while that is made: of many that ask for one at once, one makes it. */
const making = new Map<string, Promise<TypeModule>>();

/** Owner of what a library's host has compiled. */
const HOST = "";

/** A type's code with all that it takes to run it. */
export interface TypeModule {
  readonly text: string;
  /** Of the text: equal code, equal hash. */
  readonly hash: string;
}

/**
 * The module that runs a type's code in a sandbox: its default export is
 * `({ locator, manifest, args }, archive) => result`, and `describe()` says what the type is. Rejects
 * with an Error for code that does not parse, or imports what is not in it. `owner` is whose code it is.
 */
export async function moduleOf(code: string, owner = HOST): Promise<TypeModule> {
  const known = kept.get(code) ?? making.get(code);
  if (known !== undefined) return known;
  const made = make(code, owner).finally(() => making.delete(code));
  making.set(code, made);
  return made;
}

/** Whether the module of that code is there, and costs nothing. */
export function isMade(code: string): boolean {
  return kept.has(code);
}

async function make(code: string, owner: string): Promise<TypeModule> {
  // Our own source needs no process of its own.
  const isOurs = builtinTypes.some((type) => type.code === code);
  const compiled = isOurs
    ? await composeType({ build }, code, await readTypeEntry())
    : await compile(owner, { task: "compose", code }, COMPOSE_INPUTS);
  const text = codeOf(compiled);
  const module = { text, hash: createHash("sha256").update(text).digest("hex") };
  kept.set(code, module);
  return module;
}

const SOURCE_FILE = "type.ts";

/** Makes plain JavaScript of a type's source in any of its forms. Rejects with an Error that names the line. */
export async function plainCode(source: string, owner: string): Promise<string> {
  const input = { files: { [SOURCE_FILE]: source }, main: SOURCE_FILE };
  return codeOf(await compile(owner, { task: "bundle", ...input, isType: true }, [SOURCE_FILE]));
}

function codeOf(compiled: Compiled): string {
  if ("code" in compiled) return compiled.code;
  const { fault, file, line } = compiled;
  throw new Error(file === undefined ? fault : `${file}:${line}: ${fault}`);
}
