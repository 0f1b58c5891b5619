import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { DRIZZLE_MODULES } from "../protocol/drizzle-specifiers.ts";

/** Where an import leads: to a file of the function, or to a module that a sandbox has. */
export type Resolved = { readonly file: string } | { readonly external: string };

const ENDINGS = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".json"];
const INDEXES = ["/index.ts", "/index.tsx", "/index.js"];
/** What stands for the TypeScript file that it is made of. */
const SOURCES: Readonly<Record<string, string>> = { ".js": ".ts", ".jsx": ".tsx", ".mjs": ".mts" };

const OWN: ReadonlySet<string> = new Set(DRIZZLE_MODULES);

/**
 * Finds what the file `importer` imports as `specifier`, among `files` alone: nothing is looked for on
 * a disk. Returns what is wrong with it as a text.
 */
export function resolveImport(
  files: Readonly<Record<string, string>>,
  importer: string,
  specifier: string,
): Resolved | string {
  if (/^\.\.?(\/|$)/.test(specifier)) return resolveFile(files, importer, specifier);
  if (OWN.has(specifier)) return { external: specifier };
  if (isBuiltin(specifier)) return { external: `node:${specifier.replace(/^node:/, "")}` };
  return `Cannot import "${specifier}": a function imports its own files by "./…", and "node:…"`;
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
