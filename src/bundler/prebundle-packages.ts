/** Bundles what one function needs of its packages. It runs in a confined process without files. */
import { posix } from "node:path";
import type * as Esbuild from "esbuild-wasm";
import { boundedMap } from "./bounded-map.ts";
import { TO_MODULE } from "./build-options.ts";
import { withClassNames } from "./class-names.ts";
import { withPassedRequire } from "./dynamic-calls.ts";
import { CRYPTO_DEFINES } from "./package-crypto.ts";
import { ESM_MARK, type FaultOfPackages, packagesFault } from "./package-fault.ts";
import { packageModules } from "./package-modules.ts";
import type { Need } from "./package-needs.ts";
import { PROCESS_DEFINES } from "./package-process.ts";
import type { PackageTree } from "./package-tree.ts";
import { entryText, needOfLine } from "./prebundle-entry.ts";

export interface PrebundleInput {
  readonly needs: readonly Need[];
  /** Most bytes of the bundle. */
  readonly maxBytes: number;
}

export interface Prebundled {
  /** Text that assigns to a variable, for the body of a function. */
  readonly code: string;
  readonly map: string;
  readonly entries: readonly PrebundledEntry[];
  /** Globals whose names are in the text. */
  readonly globals: readonly string[];
  /** True if a module awaits something when it is evaluated. */
  readonly isAsync: boolean;
}

/** Facts about the module that answers one need. */
export interface PrebundledEntry {
  /** Names that are needed, and that the module does not export. */
  readonly missing: readonly string[];
  /** Names of all exports, where they are asked for and known. */
  readonly names?: readonly string[] | undefined;
}

type Esbuilder = Pick<typeof Esbuild, "build">;

const OPTIONS = {
  ...TO_MODULE,
  legalComments: "none",
  logLimit: 50,
  tsconfigRaw: {},
  // Level `none` has no such function with the older lines of Node.
  supported: { "from-base64": false },
  // Packages read this variable, and a sandbox may read none.
  define: {
    "process.env.NODE_ENV": '"production"',
    global: "globalThis",
    ...PROCESS_DEFINES,
    ...CRYPTO_DEFINES,
  },
} as const satisfies Esbuild.BuildOptions;

const IDENTIFIER = /[A-Za-z_$][\w$]*/g;
/** Names of globals elsewhere, by which packages find out about their place. */
const FOREIGN = [
  "window",
  "document",
  "define",
  "module",
  "exports",
  "require",
  "global",
  "process",
];

/** Bundles packages. Rejects if the bundler itself fails. */
export async function prebundlePackages(
  esbuild: Esbuilder,
  { needs, maxBytes }: PrebundleInput,
  tree: PackageTree,
): Promise<Prebundled | FaultOfPackages> {
  const missing = needs.map(() => new Set<string>());
  for (let round = 0; ; round += 1) {
    const left = needs.map((need, n) => ({
      ...need,
      names: need.names.filter((name) => !missing[n]?.has(name)),
    }));
    try {
      const made = await build(esbuild, left, tree, maxBytes);
      if ("fault" in made) return made;
      const entries = made.entries.map((entry, n) => ({
        ...entry,
        missing: [...(missing[n] ?? [])],
      }));
      return { ...made, entries };
    } catch (error) {
      const failure = error as Esbuild.BuildFailure;
      // The bundler has ended, so this process ends, too.
      if (failure.errors === undefined) throw failure;
      const isNew = round === 0 && noteMissing(failure, missing);
      if (!isNew) return packagesFault(failure, needs);
    }
  }
}

/** Notes the names that modules do not export. Returns false if other things are wrong. */
function noteMissing({ errors }: Esbuild.BuildFailure, missing: readonly Set<string>[]): boolean {
  return errors.every(({ text, location }) => {
    const [, name] = /^No matching export in ".*" for import "(.*)"$/s.exec(text) ?? [];
    const names = missing[needOfLine(location?.line ?? 0)];
    if (name === undefined || names === undefined || !/^entry:/.test(location?.file ?? ""))
      return false;
    names.add(name);
    return true;
  });
}

async function build(
  { build }: Esbuilder,
  needs: readonly Need[],
  tree: PackageTree,
  maxBytes: number,
): Promise<Prebundled | FaultOfPackages> {
  const stars = needs.flatMap(({ star }, n) => (star ? [n] : []));
  const built = await build({
    ...OPTIONS,
    entryPoints: ["entry", ...stars.map((n) => `star:${n}`)].map((name) => ({
      in: name,
      out: name.replace(":", "-"),
    })),
    plugins: [entries(needs), packageModules(tree, needs)],
  });
  const textOf = (name: string): string =>
    built.outputFiles.find(({ path }) => posix.basename(path) === name)?.text ?? "";
  const entry = built.outputFiles.find(({ path }) => path.endsWith("/entry.js"));
  const bytes = entry?.contents.length ?? 0;
  if (bytes > maxBytes) {
    return { fault: `Bundled, the packages have ${bytes} bytes, and ${maxBytes} are allowed` };
  }
  const map = textOf("entry.js.map");
  const named = withClassNames(textOf("entry.js"), map, (source) => {
    const path = source.replace(/^package:/, "/").replace(ESM_MARK, "");
    return tree.has(path) ? new TextDecoder().decode(tree.bytes(path)) : undefined;
  });
  const code = withPassedRequire(named);
  const exportsOf = (n: number): string[] | undefined =>
    Object.entries(built.metafile.outputs).find(([path]) => path.endsWith(`star-${n}.js`))?.[1]
      .exports;
  return {
    code,
    map: boundedMap(map),
    entries: needs.map(({ star }, n) => {
      const names = star ? exportsOf(n) : undefined;
      return { missing: [], ...(names && { names }) };
    }),
    globals: globalsIn(code),
    isAsync: isAsync(code),
  };
}

/** Gives the entries their texts. */
function entries(needs: readonly Need[]): Esbuild.Plugin {
  return {
    name: "entry",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path, kind }) =>
        // The ending says that it is an ES module of the runtime's kind.
        kind === "entry-point" ? { path: `${path}.mjs`, namespace: "entry" } : undefined,
      );
      onLoad({ filter: /.*/, namespace: "entry" }, ({ path }) => {
        const star = /^star:(\d+)/.exec(path)?.[1];
        const contents = star === undefined ? entryText(needs) : `export * from "need:${star}";`;
        return { contents, loader: "js" };
      });
    },
  };
}

function globalsIn(code: string): string[] {
  const names = new Set([...code.matchAll(IDENTIFIER)].map(([name]) => name));
  return [...new Set([...Object.getOwnPropertyNames(globalThis), ...FOREIGN])].filter((name) =>
    names.has(name),
  );
}

interface Builtins {
  getBuiltinModule(name: "node:vm"): { SourceTextModule: new (text: string) => unknown };
}

/** Tells whether the text, which the bundler has made, awaits outside of functions. */
function isAsync(code: string): boolean {
  const { process } = globalThis as unknown as { process: Builtins };
  const { SourceTextModule } = process.getBuiltinModule("node:vm");
  try {
    new SourceTextModule(`(() => {${code}\n})`);
    return false;
  } catch {
    return true;
  }
}
