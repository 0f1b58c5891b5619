import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Directory of this package, found both from its source and from its build. */
export const PACKAGE_ROOT: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Returns the absolute path of a file that `npm run build` makes. */
export function builtPath(...parts: readonly string[]): string {
  return join(PACKAGE_ROOT, "dist", ...parts);
}

function findRoot(directory: string): string {
  if (existsSync(join(directory, "package.json"))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error("There is no package.json above this module");
  return findRoot(parent);
}
