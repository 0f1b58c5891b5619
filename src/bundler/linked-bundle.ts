import { CRYPTO_TEXT, usesCrypto } from "./package-crypto.ts";
import { PACKAGES_VARIABLE } from "./package-imports.ts";
import { PROCESS_TEXT, usesProcess } from "./package-process.ts";
import type { Prebundle } from "./prebundle.ts";
import { RESULT } from "./prebundle-entry.ts";

interface Linked {
  readonly code: string;
  readonly map: string | undefined;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Joins the packages and the module that uses them. The packages are the body of a function before
 * it, so that neither sees the other's names. `shadowed` lists the module's names that are globals of
 * the packages: there they are parameters.
 */
export function linkedBundle(
  { facts, code, map }: Prebundle,
  own: Linked,
  shadowed: readonly string[],
): Linked {
  const names = [...new Set(shadowed)].filter((name) => IDENTIFIER.test(name));
  const values = names.map((name) => `globalThis.${name}`);
  const [isAsync, awaits] = facts.isAsync ? ["async ", "await "] : ["", ""];
  const environment = `${usesProcess(code) ? PROCESS_TEXT : ""}${usesCrypto(code) ? CRYPTO_TEXT : ""}`;
  const head = `const ${PACKAGES_VARIABLE} = ${awaits}((${names}) => (${isAsync}() => {let ${RESULT};${environment}\n`;
  const tail = `\nreturn ${RESULT}; })())(${values});\n`;
  const before = `${head}${code}${tail}`;
  // A line for a shell begins a file only. As a comment it stays a line, for the map.
  const after = own.code.replace(/^#!/, "//");
  return { code: `${before}${after}`, map: joined(map, own.map, linesIn(before)) };
}

/** Makes the map of both by the sections that the format has. Neither is parsed here. */
function joined(packages: string, own: string | undefined, lines: number): string | undefined {
  const sections = [
    ...(packages === "" ? [] : [section(1, packages)]),
    ...(own === undefined || own === "" ? [] : [section(lines, own)]),
  ];
  return sections.length === 0 ? undefined : `{"version":3,"sections":[${sections}]}`;
}

function section(line: number, map: string): string {
  return `{"offset":{"line":${line},"column":0},"map":${map}}`;
}

/** Separators of lines in the bundler's texts, as the runtime counts them. Templates have the last two. */
const SEPARATORS = ["\n", "\u2028", "\u2029"];

function linesIn(text: string): number {
  let lines = 0;
  for (const each of SEPARATORS) {
    for (let at = text.indexOf(each); at >= 0; at = text.indexOf(each, at + 1)) lines += 1;
  }
  return lines;
}
