import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
/** Specifiers that are relative, wherever a source may have one. */
const SPECIFIER = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(["'])(\.\.?\/[^"'\n]+)\1/g;

/**
 * Lists files that a source imports by relative paths, as far as they are there. It may find one within a
 * comment, too, which costs no more than its bytes.
 */
export async function importsOf(file: string, text: string): Promise<string[]> {
  if (!SOURCE.test(file)) return [];
  const specifiers = new Set(
    [...text.matchAll(SPECIFIER)].map(([, , specifier = ""]) => specifier),
  );
  const paths = [...specifiers].map((specifier) => resolve(dirname(file), specifier));
  const there = await Promise.all(paths.map(isFile));
  return paths.filter((_, index) => there[index]);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
