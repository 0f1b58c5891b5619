/** Text of the module that joins packages: it takes what a function needs of each. */
import type { Need } from "./package-needs.ts";

/** Variable to which the module assigns its list: for each need an object, or a function for one. */
export const RESULT = "isolate_result";

/** Line of the first import, counted from one. There is one line for each need. */
const FIRST_LINE = 1;

const NAMESPACE = `const isolate_namespace = (module) => {
  const own = Object.defineProperty({}, "__esModule", { value: true });
  for (const name of Object.keys(module)) {
    if (name !== "__esModule") Object.defineProperty(own, name, { enumerable: true, get: () => module[name] });
  }
  return own;
};`;

/** Makes the text. `need:0` is the specifier of the first need. */
export function entryText(needs: readonly Need[]): string {
  const lines = needs.map(importOf);
  return `${lines.join("\n")}\n${NAMESPACE}\n${RESULT} = [${needs.map(resultOf).join(",\n")}];\n`;
}

/** Returns the need of which the bundler speaks, by the line of its message. */
export function needOfLine(line: number): number {
  return line - FIRST_LINE;
}

function importOf({ kind, names, whole, type }: Need, n: number): string {
  if (kind !== "import") return ";";
  const attributes = type === undefined ? "" : ` with { type: ${JSON.stringify(type)} }`;
  const from = `"need:${n}"${attributes};`;
  if (names.length === 0 && !whole) return `import ${from}`;
  const named = names.map((name, i) => `${JSON.stringify(name)} as n${n}_${i}`);
  const first = whole ? `import * as n${n} from ${from}` : "";
  return named.length === 0 ? first : `${first}import { ${named.join(", ")} } from ${from}`;
}

function resultOf({ kind, names, whole }: Need, n: number): string {
  if (kind === "lazy") return `() => import("need:${n}")`;
  if (kind === "require") return `() => require("need:${n}")`;
  if (whole) return `isolate_namespace(n${n})`;
  const getters = names.map((name, i) => `get [${JSON.stringify(name)}]() { return n${n}_${i}; }`);
  return `Object.defineProperty({ ${getters.join(", ")} }, "__esModule", { value: true })`;
}
