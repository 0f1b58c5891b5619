/** Imports of packages in the files of a function. It runs in a confined process. */
import type * as Esbuild from "esbuild-wasm";
import type { Need, WrittenImport } from "./package-needs.ts";
import { installedSpecifier, readSpecifier } from "./package-specifiers.ts";
import type { PrebundledEntry } from "./prebundle-packages.ts";
import { resolveImport } from "./resolve-import.ts";

/** Packages that files may import, in the first pass over them and in the last. */
export interface PackageImports {
  /** Name → range. Absent: any package, to find out which ones are imported. */
  readonly dependencies?: Readonly<Record<string, string>> | undefined;
  /** Answers to the first pass. Absent in that pass. */
  readonly linked?: LinkedPackages | undefined;
}

export interface LinkedPackages {
  readonly needs: readonly Need[];
  readonly entries: readonly PrebundledEntry[];
  /** Globals that the packages name. */
  readonly globals: readonly string[];
}

/** Variable that has the packages: an object for each need, or a function that gives one. */
export const PACKAGES_VARIABLE = "isolate_packages";

const STUB = "stub";
const KINDS: Partial<Readonly<Record<Esbuild.ImportKind, Need["kind"]>>> = {
  "import-statement": "import",
  "dynamic-import": "lazy",
  "require-call": "require",
};

/** Finds the packages that files import, and joins them to what has been made of these. */
export class ImportedPackages {
  readonly #asked: PackageImports;
  readonly #imports: WrittenImport[] = [];
  readonly #indexes = new Map<string, number>();
  /** Begin of specifiers that no file contains. */
  readonly prefix: string;

  constructor(asked: PackageImports, files: Readonly<Record<string, string>>) {
    this.#asked = asked;
    const texts = Object.values(files);
    let prefix = "isolate:p";
    while (texts.some((text) => text.includes(prefix))) prefix += "p";
    this.prefix = `${prefix}/`;
    for (const [n, need] of (asked.linked?.needs ?? []).entries())
      this.#indexes.set(keyOf(need), n);
  }

  get imports(): readonly WrittenImport[] {
    return this.#imports;
  }

  /** Resolves an import of a package. Returns nothing for others. */
  resolve(args: Esbuild.OnResolveArgs): Esbuild.OnResolveResult | undefined {
    const { path: written, with: { type } = {} } = args;
    const kind = KINDS[args.kind];
    const specifier = this.#specifierOf(written);
    if (specifier === undefined || kind === undefined) return undefined;
    const found = { specifier, written, kind };
    const key = keyOf({ ...found, type });
    let index = this.#indexes.get(key);
    if (this.#asked.linked === undefined) {
      if (index === undefined) {
        index = this.#imports.push(found) - 1;
        this.#indexes.set(key, index);
      }
      return { path: `${this.prefix}${index}`, external: true };
    }
    // Nothing uses an import that the first pass has dropped.
    if (index === undefined) return { path: "none", namespace: STUB, sideEffects: false };
    if (kind === "lazy") return { path: `${this.prefix}${index}`, external: true };
    // An ES module, where the importer would take a CommonJS module as the runtime does.
    const isNode = /\.m[jt]s$/.test(args.importer);
    const isModule = kind === "import" && (isNode || this.#asked.linked.needs[index]?.star);
    return { path: `${index}${isModule ? ".module" : ""}`, namespace: STUB };
  }

  /** Makes the module that stands for a package. */
  load(path: string): string {
    const index = Number.parseInt(path, 10);
    const need = this.#asked.linked?.needs[index];
    if (need === undefined) return "";
    const value = `${PACKAGES_VARIABLE}[${index}]`;
    if (!path.endsWith(".module")) {
      return `module.exports = ${need.kind === "require" ? `${value}()` : value};`;
    }
    const from = JSON.stringify(`${this.prefix}${index}`);
    const names = this.#asked.linked?.entries[index]?.names;
    const all = names?.filter((name) => name !== "default").map((name) => JSON.stringify(name));
    const named = all === undefined ? `export * from ${from};` : `export { ${all} } from ${from};`;
    return `${named} export { default } from ${from};`;
  }

  /** Resolves the import that such a module has. */
  stub(path: string): Esbuild.OnResolveResult | undefined {
    if (!path.startsWith(this.prefix)) return undefined;
    return { path: path.slice(this.prefix.length), namespace: STUB };
  }

  /** Replaces dynamic imports of packages in bundled code. */
  link(code: string): string {
    let linked = code;
    for (const [n, { kind }] of (this.#asked.linked?.needs ?? []).entries()) {
      if (kind !== "lazy") continue;
      linked = linked
        .replaceAll(`import("${this.prefix}${n}")`, `${PACKAGES_VARIABLE}[${n}]()`)
        .replaceAll(`import("${this.prefix}${n}", `, `${PACKAGES_VARIABLE}[${n}](`);
    }
    return linked;
  }

  #specifierOf(written: string): string | undefined {
    const { dependencies } = this.#asked;
    if (dependencies !== undefined) return installedSpecifier(written, dependencies);
    if (/^(?:npm|jsr):/i.test(written)) return readSpecifier(written) && written;
    const isKnown = typeof resolveImport({}, "", written) !== "string";
    return isKnown || /^[.\w]*:/.test(written) ? undefined : readSpecifier(written) && written;
  }
}

function keyOf({ specifier, kind, type }: Pick<Need, "specifier" | "kind" | "type">): string {
  return JSON.stringify([specifier, kind, type]);
}
