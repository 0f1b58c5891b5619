import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Compiled, compile, readTypeEntry } from "../../bundler/compiler.ts";
import { builtinTypes } from "./builtin-bundles.ts";

/** Modules kept ready: each execution of a type runs the same one. */
const KEPT = 200;
const KEPT_CHARACTERS = 67_108_864;

/** By owner and code: what one owner's process has made is run for that owner alone. */
const kept = new LRUCache<string, TypeModule>({
  max: KEPT,
  maxSize: KEPT_CHARACTERS,
  sizeCalculation: ({ text }) => text.length,
});

/** Those that are being made: of many that ask for one at once, one makes it. */
const making = new Map<string, Promise<TypeModule>>();

/** Those that cannot be made, with what is wrong: it takes as long each time to find that out. */
const failed = new LRUCache<string, string>({ max: 1_000, ttl: 60_000 });

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
  const key = keyOf(code, owner);
  const known = kept.get(key) ?? making.get(key);
  if (known !== undefined) return known;
  const fault = failed.get(key);
  if (fault !== undefined) throw new Error(fault);
  const made = make(code, owner, key).finally(() => making.delete(key));
  making.set(key, made);
  return made;
}

/** Tells whether the module of that code is there for its owner, and costs nothing. */
export function isMade(code: string, owner = HOST): boolean {
  return kept.has(keyOf(code, owner));
}

function keyOf(code: string, owner: string): string {
  const whose = isOurs(code) ? HOST : owner;
  return createHash("sha256").update(`${whose.length}:${whose}`).update(code).digest("base64");
}

function isOurs(code: string): boolean {
  return builtinTypes.some((type) => type.code === code);
}

async function make(code: string, owner: string, key: string): Promise<TypeModule> {
  const compiled = await compose(code, owner);
  const text = codeOf(compiled, (fault) => failed.set(key, fault));
  const module = { text, hash: createHash("sha256").update(text).digest("hex") };
  kept.set(key, module);
  return module;
}

async function compose(code: string, owner: string): Promise<Compiled> {
  const { COMPOSE_INPUTS, composeType } = await import("../../bundler/compose-type.ts");
  if (!isOurs(code)) return compile(owner, { task: "compose", code }, COMPOSE_INPUTS);
  // Our own source needs no process of its own.
  return composeType(await import("esbuild"), code, await readTypeEntry());
}

const SOURCE_FILE = "type.ts";

/** Makes plain JavaScript of a type's source in any of its forms. Rejects with an Error that names the line. */
export async function plainCode(source: string, owner: string): Promise<string> {
  const input = { files: { [SOURCE_FILE]: source }, main: SOURCE_FILE };
  return codeOf(await compile(owner, { task: "bundle", ...input, isType: true }, [SOURCE_FILE]));
}

function codeOf(compiled: Compiled, onFault: (fault: string) => void = () => {}): string {
  if ("code" in compiled) return compiled.code;
  const { file, line } = compiled;
  const fault = file === undefined ? compiled.fault : `${file}:${line}: ${compiled.fault}`;
  onFault(fault);
  throw new Error(fault);
}
