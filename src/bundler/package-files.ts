/**
 * Files that packages read beside their code, such as WebAssembly and texts of other languages: a bundle has no directory,
 * so it carries their bytes. It runs in a confined process.
 */
import { posix } from "node:path";
import { FILES_MODULE_TEXT } from "./package-files-module.ts";

/** Specifier of the module that answers reads of such files; it stands for `node:fs` in packages. */
export const FILES_MODULE = "isolate:package-files";
/** CommonJS text of that module. It exports `node:fs` with reads of packages' files, `add()` and `fetch()`. */
export const filesModule = FILES_MODULE_TEXT;
/** CommonJS text of the module that stands for `node:fs/promises` in packages. */
export const filePromisesModule = `module.exports = require("${FILES_MODULE}").promises;`;

/** CommonJS text of the module that stands for `node:module` in packages: its `createRequire()` finds JSON files. */
export const moduleModule = `module.exports = require("${FILES_MODULE}").modules;`;

/** Most files, and most bytes, that one module brings along. */
const MAX_FILES = 500;
const MAX_BYTES = 16_777_216;
const MAX_LITERALS = 5_000;

const CODE = /\.([cm]?[jt]sx?)$/;
const OWN_PLACE = /\b__dirname\b|\b__filename\b|\bimport\.meta\b/;
const LITERAL = /(["'`])((?:(?!\1)[^\\\n]){1,200})\1/g;
const REQUIRED = /\brequire\s*\(\s*(["'`])([^"'`\n]{1,200})\1\s*\)/g;

/**
 * Finds the files that a package's module may read: it knows its own place, and names them or their folder in a literal.
 * `sizes` has the package's files: path → bytes.
 */
export function filesRead(
  module: string,
  text: string,
  sizes: ReadonlyMap<string, number>,
): string[] {
  if (!OWN_PLACE.test(text)) return [];
  const data = [...sizes.keys()].filter((path) => !CODE.test(path));
  if (data.length === 0) return [];
  // A `require` that the module makes itself is no import of the bundle.
  const made = text.includes("createRequire");
  const required = new Set(made ? [] : [...text.matchAll(REQUIRED)].map(([, , name]) => name));
  const named = new Set<string>();
  for (const [, , literal = ""] of text.matchAll(LITERAL)) {
    if (named.size > MAX_LITERALS) break;
    // Such a file is part of the bundle already.
    if (required.has(literal)) continue;
    const [last = ""] = literal.split(/\$\{[^}]*\}/).slice(-1);
    named.add(last.replace(/^(\.{0,2}\/)+/, "").replace(/\/$/, ""));
  }
  const root = packageRoot(module);
  const isNamed = (path: string): boolean => {
    const parts = path.slice(root.length + 1).split("/");
    return parts.some((_, index) => {
      const isFile = index === parts.length - 1;
      // By its whole path in the package, or by the last part of it: `locales` for `a/locales/en.json`.
      for (let start = 0; start <= index; start += 1) {
        const name = parts.slice(start, index + 1).join("/");
        if (named.has(name) && (!isFile || name.includes("."))) return true;
      }
      return false;
    });
  };
  return bounded(data.filter(isNamed), sizes);
}

/** Returns the files as long as they are few and small. Others are missing when they are read, with an error. */
function bounded(paths: readonly string[], sizes: ReadonlyMap<string, number>): string[] {
  let bytes = 0;
  return paths.slice(0, MAX_FILES).filter((path) => {
    const size = sizes.get(path) ?? 0;
    if (bytes + size > MAX_BYTES) return false;
    bytes += size;
    return true;
  });
}

/** Directory of the package that a file belongs to: `/node_modules/a` or `/node_modules/@a/b/node_modules/c`. */
export function packageRoot(path: string): string {
  const at = path.lastIndexOf("node_modules/") + "node_modules/".length;
  const parts = path.slice(at).split("/");
  return path.slice(0, at) + posix.join(...parts.slice(0, parts[0]?.startsWith("@") ? 2 : 1));
}

/** Makes the CommonJS module that brings a file along. */
export function fileModule(path: string, bytes: Uint8Array): string {
  const base64 = toBase64(bytes);
  return `require("${FILES_MODULE}").add(${JSON.stringify(path)}, "${base64}");`;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8_192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return btoa(text);
}
