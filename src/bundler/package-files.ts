/**
 * Files that packages read beside their code, such as WebAssembly and texts of other languages: a bundle has no directory,
 * so it carries their bytes. It runs in a confined process.
 */
import { posix } from "node:path";
import { FILES_MODULE_TEXT } from "./package-files-module.ts";
import { type PackageTree, packageRoot } from "./package-tree.ts";

/** Specifier of the module that answers reads of such files; it stands for `node:fs` in packages. */
export const FILES_MODULE = "isolate:files/";
/** CommonJS text of that module. It exports `node:fs` with reads of packages' files, and `add()`. */
export const filesModule = FILES_MODULE_TEXT;

/** Modules of the runtime that packages get others for → CommonJS text of these. */
export const REPLACED_MODULES: Readonly<Record<string, string>> = {
  "node:fs": `module.exports = require("${FILES_MODULE}");`,
  "node:fs/promises": `module.exports = require("${FILES_MODULE}").promises;`,
  // Its `createRequire()` finds JSON files.
  "node:module": `module.exports = require("${FILES_MODULE}").modules;`,
};

/** Most files, and most bytes, that one module brings along. */
const MAX_FILES = 500;
const MAX_BYTES = 16_777_216;
const MAX_LITERALS = 5_000;

const CODE = /\.([cm]?[jt]sx?)$/;
const OWN_PLACE = /\b__dirname\b|\b__filename\b|\bimport\.meta\b/;
const LITERAL = /(["'`])((?:(?!\1)[^\\\n]){1,200})\1/g;
const REQUIRED = /\b(?:require\s*\(|from\b|import\b\s*\(?)\s*(["'`])([^"'`\n]{1,200})\1/g;

/** Finds the files that a package's module may read: it knows its own place, and names them or their folder in a literal. */
export function filesRead(module: string, text: string, tree: PackageTree): string[] {
  if (!OWN_PLACE.test(text)) return [];
  const root = packageRoot(module);
  const data = tree.filesOf(root).filter((path) => !CODE.test(path));
  if (data.length === 0) return [];
  const parts = new Set(data.flatMap((path) => path.split("/")));
  const found = new Set<string>();
  for (const name of namesIn(text)) {
    if (!parts.has(posix.basename(name))) continue;
    for (const path of nearest(name, module, data)) found.add(path);
  }
  return bounded([...found].sort(), tree);
}

/**
 * Returns the file of this name, or the files of this folder: in the module's own folder, or in the next above it. A file
 * that is elsewhere in the package is found there, because its folder may be computed.
 */
function nearest(name: string, module: string, data: readonly string[]): readonly string[] {
  const ending = `/${name}`;
  const inside = `${ending}/`;
  const near = data.filter((path) => path.includes(inside) || path.endsWith(ending));
  if (near.length === 0) return [];
  const root = packageRoot(module);
  for (
    let above = posix.dirname(module);
    above.length >= root.length;
    above = posix.dirname(above)
  ) {
    const whole = `${above}${ending}`;
    const here = near.filter((path) => path === whole || path.startsWith(`${whole}/`));
    if (here.length > 0) return here;
  }
  return name.includes(".") ? near.filter((path) => path.endsWith(ending)) : [];
}

/** Collects what may be a path in the literals of a text. */
function namesIn(text: string): Set<string> {
  // A `require` that the module makes itself is no import of the bundle.
  const made = /createRequire\w*\s*\(/.test(text);
  const required = new Set(made ? [] : [...text.matchAll(REQUIRED)].map(([, , name]) => name));
  const names = new Set<string>();
  for (const [, , literal = ""] of text.matchAll(LITERAL)) {
    if (names.size > MAX_LITERALS) break;
    // Such a file is part of the bundle already.
    if (required.has(literal)) continue;
    const [last = ""] = literal.split(/\$\{[^}]*\}/).slice(-1);
    const name = last.replace(/^(\.{0,2}\/)+/, "").replace(/\/$/, "");
    if (/^[\w@+-][\w@./ +-]*$/.test(name)) names.add(name);
  }
  return names;
}

/** Returns the files as long as they are few and small. Others are missing when they are read, with an error. */
function bounded(paths: readonly string[], tree: PackageTree): string[] {
  let bytes = 0;
  return paths.slice(0, MAX_FILES).filter((path) => {
    const size = tree.bytes(path).length;
    if (bytes + size > MAX_BYTES) return false;
    bytes += size;
    return true;
  });
}

/** Makes the module that brings a file along. */
export function fileModule(path: string): string {
  return `import bytes from ${JSON.stringify(`isolate:bytes${path}`)};
import files from "${FILES_MODULE}";
files.add(${JSON.stringify(path)}, bytes);`;
}
