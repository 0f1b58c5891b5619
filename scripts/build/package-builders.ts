import { join } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";

const FOLDER = join(PACKAGE_ROOT, "src/packages/resolver");

/** Modules of npm's libraries that resolving does not use: they store, unpack, build and verify. */
const UNUSED = [
  "@npmcli/git",
  "@npmcli/installed-package-contents",
  "@npmcli/metavuln-calculator",
  "@npmcli/run-script",
  "bin-links",
  "cacache",
  "fs-minipass",
  "glob",
  "minipass-fetch",
  "npm-packlist",
  "sigstore",
  "tar",
];

/** Modules whose place others of ours take, by the expressions that they export. */
const REPLACED: Readonly<Record<string, string>> = {
  fs: `require(${JSON.stringify(`${FOLDER}/memory-files.ts`)}).files`,
  "fs/promises": `require(${JSON.stringify(`${FOLDER}/memory-files.ts`)}).promises`,
  "@npmcli/map-workspaces": "async () => new Map()",
  // The directories of a user are asked of variables.
  os: `{ ...process.getBuiltinModule("os"), homedir: () => "/", tmpdir: () => "/" }`,
  "make-fetch-happen": `require(${JSON.stringify(`${FOLDER}/packuments.ts`)}).fetchPackument`,
};

/** Stand-ins for what a process without variables and files lacks, and CommonJS modules expect. */
const STAND_INS = [
  "NO_VARIABLES = {}",
  "__dirname = '/'",
  "__filename = '/main.js'",
  "require = (name) => process.getBuiltinModule(name)",
];

/** Options for the programs that parse what registries and packages say. */
export const UNPACKER = {
  define: { "process.env": "NO_VARIABLES", "process.getuid": "undefined" },
  banner: { js: `const ${STAND_INS.join(", ")};` },
} satisfies BuildOptions;

/** Options for the one with npm's libraries, which expect to store and install. */
export const RESOLVER = { ...UNPACKER, plugins: [withoutInstaller()] } satisfies BuildOptions;

function withoutInstaller(): Plugin {
  const names = [...UNUSED, ...Object.keys(REPLACED)];
  const filter = new RegExp(`^(node:)?(${names.join("|").replaceAll("/", "\\/")})$`);
  return {
    name: "without-installer",
    setup({ onResolve, onLoad }) {
      onResolve({ filter }, ({ path }) => ({
        path: path.replace("node:", ""),
        namespace: "no-installer",
      }));
      onLoad({ filter: /./, namespace: "no-installer" }, ({ path }) => ({
        contents: `module.exports = ${REPLACED[path] ?? "{}"};`,
        resolveDir: FOLDER,
      }));
    },
  };
}
