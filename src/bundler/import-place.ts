import type { Need } from "./package-needs.ts";

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Finds the import of a package, or of one of its names, in files. */
export function placeOfImport(
  { written }: Pick<Need, "written">,
  files: Readonly<Record<string, string>>,
  name?: string,
): Place | undefined {
  const quoted = [`"${written}"`, `'${written}'`];
  for (const [file, text] of Object.entries(files)) {
    const found = quoted.map((each) => text.indexOf(each)).filter((at) => at >= 0);
    if (found.length === 0) continue;
    const specifier = Math.min(...found);
    const statement = text.lastIndexOf("import", specifier);
    const named = name === undefined ? -1 : indexOfWord(text.slice(0, specifier), name, statement);
    const before = text.slice(0, named >= 0 ? named : specifier).split("\n");
    return { file, line: before.length, column: (before.at(-1) ?? "").length + 1 };
  }
  return undefined;
}

function indexOfWord(text: string, word: string, from: number): number {
  if (from < 0) return -1;
  for (let at = text.indexOf(word, from); at >= 0; at = text.indexOf(word, at + 1)) {
    const around = [text[at - 1] ?? " ", text[at + word.length] ?? " "];
    if (around.every((character) => !/[\w$]/.test(character))) return at;
  }
  return -1;
}
