import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Compiled, compile, readTypeEntry } from "../../bundler/compiler.ts";
import { builtinTypes } from "./builtin-bundles.ts";

/** Most modules, and most characters of them, that are kept for further executions. */
const KEPT = 200;
const KEPT_CHARACTERS = 67_108_864;

/** Owner and code → module. A module made for one owner runs for that owner only. */
const kept = new LRUCache<string, TypeModule>({
  max: KEPT,
  maxSize: KEPT_CHARACTERS,
  sizeCalculation: ({ text }) => text.length,
});

/** Modules that are being made. Concurrent requests share one. */
const making = new Map<string, Promise<TypeModule>>();

/** Modules that cannot be made → the reason, because each attempt takes as long. */
const failed = new LRUCache<string, string>({ max: 1_000, ttl: 60_000 });

/** Owner of modules that a library's host has compiled. */
const HOST = "";

/** A type's code, complete for a run. */
export interface TypeModule {
  readonly text: string;
  /** Hash of the text. */
  readonly hash: string;
}

/**
 * Makes the module that runs a type's code in a sandbox, for one owner. Its default export is `({
 * locator, manifest, args }, archive) => result`. Its `describe()` returns the type's metadata.
 *
 * @throws {Error} For code that does not parse, or that imports something outside itself.
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

/** Tests whether an owner's module of this code exists already, so that it costs nothing. */
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
  // The project's own source needs no confined process.
  return composeType(await import("esbuild"), code, await readTypeEntry());
}

const SOURCE_FILE = "type.ts";

/**
 * Compiles a type's source, in any of its forms, to plain JavaScript.
 *
 * @throws {Error} Naming the line.
 */
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
