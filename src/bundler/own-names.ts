/** Keeps the names that functions and classes have in their files. It runs in a confined process. */

/** Most names of a map that are searched. Each costs a pass over the code. */
const MAX_NAMES = 500;

/** Functions and classes without a name that are a file's default export, as the bundler calls them. */
const DEFAULT = /^(?:var|class|(?:async )?function\*?) (\w+_default\d*)\b/gm;

/**
 * Returns text that gives anonymous default exports the name "default", as the language does. Returns
 * nothing if the bundler has renamed a function or class because of another of its name. Then it has
 * to set the names itself. That puts calls into the functions' text, so it does so only here.
 */
export function ownNames(code: string, map: string): string | undefined {
  const { names } = JSON.parse(map) as { names: string[] };
  const written = names.filter((name) => /^[\w$]+$/.test(name)).slice(0, MAX_NAMES);
  if (written.some((name) => isRenamed(code, name))) return undefined;
  const defaults = [...new Set([...code.matchAll(DEFAULT)].map(([, name = ""]) => name))];
  if (defaults.length === 0) return "";
  const pairs = defaults.map((name) => `["${name}",typeof ${name}=="function"&&${name}]`);
  return `for(const [n,f] of [${pairs}])f&&f.name===n&&Object.defineProperty(f,"name",{value:"default",configurable:true});\n`;
}

function isRenamed(code: string, name: string): boolean {
  const own = `${name.replaceAll("$", "\\$")}\\d+`;
  const declared = `(?:class|function\\*?) ${own}\\b`;
  const assigned = `\\b${own} = (?:class\\b|(?:async )?(?:function\\b|\\([^\\n]*=>|[\\w$]+ =>))`;
  return new RegExp(`${declared}|${assigned}`).test(code);
}
