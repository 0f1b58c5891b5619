/** Resolves imports of packages as the runtime does. It runs in a confined process. */
import { isBuiltin } from "node:module";
import enhancedResolve from "enhanced-resolve";
import type { PackageTree } from "./package-tree.ts";

/** Directory of packages, also before a name that a package.json has for the parent's. */
export const PACKAGES = "node_modules";

/**
 * Conditions of `exports` and `imports`. Deno's own, measured with 2.9.6: `deno` holds for imports
 * alone. `module`, `browser` and `worker` hold nowhere, though bundlers know them: their files are for
 * other places than the one that the package's documentation means.
 */
const CONDITIONS = {
  import: ["module-sync", "deno", "node", "import"],
  require: ["module-sync", "node", "require"],
};

export type ImportKind = keyof typeof CONDITIONS;

export type ResolvedPackage =
  | { readonly file: string }
  | { readonly builtin: string }
  /** Module without content, which a package.json leaves out. */
  | { readonly empty: true };

/** Finds the module that a file of a package imports. Returns nothing if there is none. */
export type ResolvePackage = (
  specifier: string,
  directory: string,
  kind: ImportKind,
) => ResolvedPackage | undefined;

/** Makes a resolver for the packages in memory. */
export function packageResolver(tree: PackageTree): ResolvePackage {
  const make = (kind: ImportKind, mainFields: string[]) => {
    const resolver = enhancedResolve.ResolverFactory.createResolver({
      fileSystem: tree.fileSystem,
      useSyncFileSystemCalls: true,
      conditionNames: CONDITIONS[kind],
      mainFields,
      // More than ES modules of the runtime get. Files that need it fail there, so nothing is hidden.
      extensions: [".js", ".json", ".mjs", ".cjs", ".node"],
      modules: [PACKAGES],
      symlinks: false,
    });
    return (directory: string, specifier: string) => resolver.resolveSync({}, directory, specifier);
  };
  // The runtime knows `main` alone. A package without it, and without index.js, has the bundler's field.
  const resolvers = {
    import: [make("import", ["main"]), make("import", ["module"])],
    require: [make("require", ["main"]), make("require", ["module"])],
  };
  return (specifier, directory, kind) => {
    if (specifier.startsWith("node:")) {
      return isBuiltin(specifier) ? { builtin: specifier } : undefined;
    }
    // `process/` is a package of that name, and `process` the runtime's module.
    if (isBuiltin(specifier)) return { builtin: `node:${specifier}` };
    for (const resolve of resolvers[kind]) {
      try {
        const found = resolve(directory, specifier);
        if (found === false) return { empty: true };
        const path = String(found).replace(/[?#].*$/, "");
        if (tree.has(path)) return { file: path };
      } catch {
        // It is not there, or its package.json is unusable.
      }
    }
    return undefined;
  };
}

const NAME = /^(?:@[\w.~-]+\/)?[\w.~-]+/;

/** Returns the name of a package in a specifier such as `@std/yaml/parse`. */
export function packageNameOf(specifier: string): string | undefined {
  return NAME.exec(specifier)?.[0];
}
