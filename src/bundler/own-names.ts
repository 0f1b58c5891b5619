/** Keeps the names that functions and classes have in their files. It runs in a confined process. */

/** Functions and classes whose names end with a number, as the bundler writes them. */
const NUMBERED =
  /\b(?:class|function\*?) ([\w$]+?)\d+\b|\b([\w$]+?)\d+ = (?:class\b|(?:async )?(?:function\b|\([^\n]{0,300}?=>|[\w$]+ =>))/g;

/** Functions and classes without a name that are a file's default export, as the bundler calls them. */
const DEFAULT = /^(?:var|class|(?:async )?function\*?) (\w+_default\d*)\b/gm;

/**
 * Returns text that gives anonymous default exports the name "default", as the language does. Returns
 * nothing if the bundler has renamed a function or class because of another of its name. Then it has
 * to set the names itself. That puts calls into the functions' text, so it does so only here.
 */
export function ownNames(code: string, map: string): string | undefined {
  // The map has the original names, of whatever has another one now.
  const { names } = JSON.parse(map) as { names: string[] };
  const originals = new Set(names);
  for (const [, declared, assigned] of code.matchAll(NUMBERED)) {
    if (originals.has(declared ?? assigned ?? "")) return undefined;
  }
  const defaults = [...new Set([...code.matchAll(DEFAULT)].map(([, name = ""]) => name))];
  if (defaults.length === 0) return "";
  const pairs = defaults.map((name) => `["${name}",typeof ${name}=="function"&&${name}]`);
  return `for(const [n,f] of [${pairs}])f&&f.name===n&&Object.defineProperty(f,"name",{value:"default",configurable:true});\n`;
}
