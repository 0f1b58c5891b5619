/**
 * Imports with a variable part, such as `import(`./${name}.ts`)`, among the files of a function. It
 * runs in a confined process.
 */
import { posix } from "node:path";
import type * as Esbuild from "esbuild-wasm";
import { charactersOf } from "./bundle-fault.ts";

type Files = Readonly<Record<string, string>>;

/** The files that one such import may name. */
export interface Pattern {
  /** Specifier of the module that finds them. */
  readonly module: string;
  readonly importer: string;
  readonly isRequire: boolean;
  /** Specifier as the code may write it → path of the file. */
  readonly found: ReadonlyMap<string, string>;
}

const MAX_PATTERNS = 50;

const NOT_RESOLVED = /^Could not resolve (import|require)\((".*")\)$/;
/** The call before its argument, possibly with a comment for some bundler. */
const CALL = /\b(import|require)(\s*\(\s*(?:\/\*[^*]*\*\/\s*)*)$/;
const CALL_LENGTH = 500;
const CODE_ENDING = /\.([cm]?[jt]s|[jt]sx|json)$/;
const TYPESCRIPT = /\.([cm]?)ts(x?)$/;

/**
 * Rewrites the files in which the bundler has found such imports: they call a module of ours. Adds
 * to `patterns`. Returns nothing if one names no file.
 */
export function withPatterns(
  files: Files,
  { errors = [] }: Esbuild.BuildFailure,
  patterns: Pattern[],
): Files | undefined {
  const places = errors.flatMap((error) => placeOf(error, files));
  if (places.length === 0 || places.length + patterns.length > MAX_PATTERNS) return undefined;
  const rewritten = { ...files };
  // From the end of each file, so that earlier places stay where they are.
  for (const place of places.sort((a, b) => b.at - a.at)) {
    const text = rewritten[place.file] ?? "";
    const found = filesOf(place.pattern, place.file, files);
    const head = text.slice(Math.max(0, place.at - CALL_LENGTH), place.at);
    const [whole = "", keyword = "", rest = ""] = CALL.exec(head) ?? [];
    if (found.size === 0 || whole === "") return undefined;
    const isRequire = keyword === "require";
    // As long as the keyword, so that all positions stay.
    const name = freeName(text, keyword.length);
    const module = `isolate:pattern/${patterns.length}`;
    patterns.push({ module, importer: place.file, isRequire, found });
    const before = text.slice(0, place.at - whole.length);
    rewritten[place.file] = imported(
      `${before}${name}${rest}${text.slice(place.at)}`,
      name,
      module,
    );
  }
  return rewritten;
}

interface Place {
  readonly file: string;
  /** Index of the call's argument in the file. */
  readonly at: number;
  readonly pattern: string;
}

function placeOf({ text, location }: Esbuild.Message, files: Files): Place[] {
  const [, , quoted] = NOT_RESOLVED.exec(text) ?? [];
  const file = location?.file.replace(/^function:/, "") ?? "";
  const source = Object.hasOwn(files, file) ? files[file] : undefined;
  if (quoted === undefined || location === null || source === undefined) return [];
  let start = 0;
  for (let line = 1; line < location.line; line += 1) start = source.indexOf("\n", start) + 1;
  const at = start + charactersOf(location.lineText, location.column);
  return [{ file, at, pattern: JSON.parse(quoted) as string }];
}

/** Finds the files below the importer's folder that match a pattern such as `./lib/**\/*.ts`. */
function filesOf(pattern: string, importer: string, files: Files): Map<string, string> {
  const found = new Map<string, string>();
  const literal = (text: string): string => text.replace(/[^\w/]/g, "\\$&");
  const parts = pattern.split(/(\*\*\/\*|\*)/);
  const wild = parts.map((part, index) =>
    index % 2 === 0 ? literal(part) : part === "*" ? "[^/]*" : ".*",
  );
  const matches = new RegExp(`^${wild.join("")}$`);
  const folder = posix.dirname(importer);
  for (const file of Object.keys(files)) {
    const relative = posix.relative(folder, file);
    const path = relative.startsWith("../") ? relative : `./${relative}`;
    const spellings = [
      path,
      path.replace(TYPESCRIPT, ".$1js$2"),
      path.replace(CODE_ENDING, ""),
      path.replace(/\/index\.[jt]sx?$/, ""),
    ];
    for (const spelling of spellings) {
      const isTaken = found.has(spelling) && spelling !== path;
      if (matches.test(spelling) && !isTaken) found.set(spelling, file);
    }
  }
  return found;
}

/** Returns an identifier of this length that the text does not contain. */
function freeName(text: string, length: number): string {
  for (let n = 0; ; n += 1) {
    const name = `_i${n.toString(36).padStart(length - 2, "0")}`;
    if (!text.includes(name)) return name;
  }
}

const COMMON_JS = /\bmodule\.exports\b|\bexports\.[\w$]+ *=|\brequire\s*\(/;
const ES_MODULE = /^\s*(import\b(?!\s*[(.])|export\b)/m;

/** Adds the import of a name. In an ES module it comes last, so that no position changes. */
function imported(text: string, name: string, module: string): string {
  if (!COMMON_JS.test(text) || ES_MODULE.test(text)) {
    return `${text}\nimport { load as ${name} } from "${module}";`;
  }
  const required = `var ${name} = require("${module}").load;`;
  return text.startsWith("#!") ? text.replace("\n", `\n${required}`) : `${required}${text}`;
}

/** Makes the module that loads the file of a pattern by its specifier. */
export function patternModule(pattern: Pattern, prefix: string): string {
  const { importer, isRequire, found } = pattern;
  const call = isRequire ? "require" : "import";
  const entries = [...found].map(([specifier, file]) => {
    return `[${JSON.stringify(specifier)}, () => ${call}(${JSON.stringify(`${prefix}${file}`)})]`;
  });
  const from = JSON.stringify(`" among the files, imported from ${importer}`);
  return `const files = new Map([${entries}]);
export const load = ${isRequire ? "" : "async "}(specifier) => {
  const file = files.get(String(specifier));
  if (file === undefined) throw new TypeError('Cannot find "' + specifier + ${from});
  return file();
};`;
}
