import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { DRIZZLE_MODULES } from "../protocol/drizzle-specifiers.ts";
import { readSpecifier } from "./package-specifiers.ts";

/** Target of an import: a file of the function, or a module that a sandbox has. */
export type Resolved = { readonly file: string } | { readonly external: string };

const ENDINGS = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".json"];
const INDEXES = ["/index.ts", "/index.tsx", "/index.js"];
/** Endings of compiled files → endings of their TypeScript source. */
const SOURCES: Readonly<Record<string, string>> = { ".js": ".ts", ".jsx": ".tsx", ".mjs": ".mts" };

const OWN: ReadonlySet<string> = new Set(DRIZZLE_MODULES);

/**
 * Resolves an import of the file `importer`, among `files` alone; no disk is searched. Returns a
 * text that describes the fault if there is one.
 */
export function resolveImport(
  files: Readonly<Record<string, string>>,
  importer: string,
  specifier: string,
): Resolved | string {
  if (/^\.\.?(\/|$)/.test(specifier)) return resolveFile(files, importer, specifier);
  if (OWN.has(specifier)) return { external: specifier };
  if (isBuiltin(specifier)) return { external: `node:${specifier.replace(/^node:/, "")}` };
  const advice = adviceFor(specifier);
  return `Cannot import "${specifier}": a function imports its own files by "./…", and "node:…"${advice}`;
}

/** Tells how to import a package. */
export function adviceFor(specifier: string): string {
  const name = readSpecifier(specifier)?.name;
  return name === undefined ? "" : `. Add "${name}" to dependencies`;
}

function resolveFile(
  files: Readonly<Record<string, string>>,
  importer: string,
  specifier: string,
): Resolved | string {
  const path = posix.join(posix.dirname(importer), specifier).replace(/\/$/, "");
  const ending = posix.extname(path);
  const source = SOURCES[ending];
  const candidates = [
    ...ENDINGS.map((each) => `${path}${each}`),
    ...(source ? [`${path.slice(0, -ending.length)}${source}`] : []),
    ...INDEXES.map((each) => (path === "." ? each.slice(1) : `${path}${each}`)),
  ];
  const file = candidates.find((candidate) => Object.hasOwn(files, candidate));
  return file === undefined ? `There is no "${specifier}" among the files` : { file };
}

/** Makes a CommonJS module of one of the runtime. A module of the sandbox has no `require` for it. */
export function builtinText(name: string): string {
  return `module.exports = globalThis.process.getBuiltinModule(${JSON.stringify(name)});`;
}
