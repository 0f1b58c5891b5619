import { BadRequest, messageOf } from "../../base/errors.ts";
import { parseJsonc, withoutMark } from "../../base/jsonc.ts";
import { dependenciesFault, overridesFault } from "../../request/package-fields.ts";
import type { PackageRequest } from "../types.ts";
import { specified } from "./specifiers.ts";

/** Most bytes of a file that is read for packages. */
const MAX_FILE = 65_536;
/** Files beside the modules of a function that name packages. */
const MANIFEST = "package.json";
const DENO = ["deno.json", "deno.jsonc"];

type Files = Readonly<Record<string, string>>;
type Mutable = Record<string, string>;

/**
 * Returns the packages that a function's `package.json`, `deno.json` or `deno.jsonc` names.
 *
 * @throws {BadRequest} For one that is no JSON or too large, and for two that differ.
 */
export function statedByFiles(files: Files): PackageRequest {
  const { dependencies: named, overrides } = ofManifest(files[MANIFEST]);
  const dependencies: Mutable = { ...named };
  for (const path of DENO) {
    for (const [name, range] of Object.entries(ofImports(path, files[path]))) {
      const other = Object.hasOwn(dependencies, name) ? dependencies[name] : undefined;
      if (other !== undefined && other !== range) {
        throw fault(path, `It has ${name} as ${shown(range)}, and another file as ${shown(other)}`);
      }
      dependencies[name] = range;
    }
  }
  return overrides === undefined ? { dependencies } : { dependencies, overrides };
}

/**
 * Returns the packages that specifiers in code name by themselves. A `known` package is used as it is stated
 * there, whatever range the code has.
 *
 * @throws {BadRequest} For two ranges of one package.
 */
export function statedByCode(
  specifiers: readonly string[],
  field: string,
  known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const dependencies: Mutable = {};
  for (const specifier of specifiers) {
    const found = specified(specifier);
    if (found === undefined) continue;
    const { name, range } = found;
    if (Object.hasOwn(known, name)) continue;
    const other = Object.hasOwn(dependencies, name) ? dependencies[name] : range;
    if (other !== range) {
      const message = `${field}: It imports ${name} as ${shown(range)} and as ${shown(other ?? "")}: name one in dependencies`;
      throw new BadRequest(field, message);
    }
    dependencies[name] = range;
  }
  const problem = dependenciesFault(dependencies);
  if (problem !== undefined) throw new BadRequest(field, `${field}: ${problem}`);
  return dependencies;
}

function ofManifest(text: string | undefined): PackageRequest {
  const { dependencies = {}, overrides } = read(MANIFEST, text);
  const problem = dependenciesFault(dependencies);
  if (problem !== undefined) throw fault(MANIFEST, `dependencies: ${problem}`);
  const named = dependencies as PackageRequest["dependencies"];
  if (overrides === undefined) return { dependencies: named };
  const other = overridesFault(overrides);
  if (other !== undefined) throw fault(MANIFEST, `overrides: ${other}`);
  return { dependencies: named, overrides: overrides as PackageRequest["overrides"] };
}

/** Returns the packages among the imports of a Deno configuration. Other imports are no packages. */
function ofImports(path: string, text: string | undefined): Mutable {
  const { imports = {} } = read(path, text);
  const dependencies: Mutable = {};
  for (const [key, target] of Object.entries(imports ?? {})) {
    if (typeof target !== "string" || !/^(?:npm|jsr):/.test(target)) continue;
    const found = specified(target);
    if (found === undefined) throw fault(path, `imports: ${shown(target)} names no package`);
    const subpath = found.subpath.replace(/\/$/, "");
    const name = key.replace(/\/$/, "");
    const isOwn = name === `${found.name}${subpath}`;
    if (!isOwn && subpath !== "") {
      const own = shown(found.name + subpath);
      throw fault(
        path,
        `imports: ${shown(key)} names a part of a package, which is named ${own} alone`,
      );
    }
    const isPlain = isOwn || found.range.startsWith("jsr:");
    dependencies[isOwn ? found.name : name] = isPlain
      ? found.range
      : `npm:${found.name}@${found.range}`;
  }
  const problem = dependenciesFault(dependencies);
  if (problem !== undefined) throw fault(path, `imports: ${problem}`);
  return dependencies;
}

function read(path: string, text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  if (Buffer.byteLength(text) > MAX_FILE) throw fault(path, `${MAX_FILE} bytes at most`);
  try {
    const value: unknown = path === MANIFEST ? JSON.parse(withoutMark(text)) : parseJsonc(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    throw fault(path, messageOf(error));
  }
  throw fault(path, "Expected an object");
}

function fault(path: string, message: string): BadRequest {
  return new BadRequest("files", `files: ${path}: ${message}`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
