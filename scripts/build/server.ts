import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { type Built, inputsOf } from "./programs.ts";

/** Programs of the control plane: the server, the command line, and the threads that they start. */
const ENTRIES = {
  main: "server/main.ts",
  cli: "server/cli/main.ts",
  "json-thread": "server/http/json-thread/worker.ts",
  "store-thread": "server/store/pglite/thread-entry.ts",
  "module-hooks": "server/plugins/module-hooks.ts",
  ...libraryModules(),
};

/**
 * Returns the modules of the library that plugins import. They are part of this build, so that plugins have the very
 * classes that the server knows.
 */
function libraryModules(): Record<string, string> {
  const modules = readdirSync(join(PACKAGE_ROOT, "src/public")).map((file) => file.slice(0, -3));
  const others = modules.map((name) => [`library/${name}`, `src/public/${name}.ts`]);
  return { "library/index": "src/index.ts", ...Object.fromEntries(others) };
}

/** Packages that read files beside their code. They are not bundled. */
const INSTALLED = ["@electric-sql/pglite", "deno", "esbuild", "esbuild-wasm"];
/** Optional package of `pg`, which is not installed. */
const OPTIONAL = ["pg-native"];

/** Defines `require` for bundled packages that are CommonJS modules. */
const REQUIRE = `import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);`;

/** Packages that dockerode loads for SSH, BuildKit and folders as build contexts. The server uses none of these. */
const UNUSED = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs)$/;
const DOCKER_CLIENT = /\/node_modules\/(dockerode|docker-modem)\//;

/** Index modules of packages, with contents that export only the parts used here. */
const SHORTENED: readonly [path: RegExp, contents: string][] = [
  [/\/zod\/v4\/locales\/index\.js$/, `export { default as en } from "./en.js";`],
  [
    /\/rate-limiter-flexible\/index\.js$/,
    `exports.RateLimiterMemory = require("./lib/RateLimiterMemory");
     exports.RateLimiterRes = require("./lib/RateLimiterRes");`,
  ],
];

/** Builds the control plane, which Node runs without a loader. Packages are bundled, because Node loads few files faster. */
export async function buildServer(): Promise<Built> {
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: ENTRIES,
    outdir: "/",
    metafile: true,
    write: false,
  });
  return {
    files: Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(1), text])),
    // The lock, which every part depends on, tells of packages.
    inputs: inputsOf(metafile).filter((path) => !path.includes("/node_modules/")),
  };
}

const OPTIONS = {
  bundle: true,
  splitting: true,
  external: [...INSTALLED, ...OPTIONAL],
  mainFields: ["module", "main"],
  format: "esm",
  platform: "node",
  target: "node20",
  banner: { js: REQUIRE },
  plugins: [withoutUnused(), shortened()],
  logLevel: "warning",
} satisfies BuildOptions;

/** Replaces `UNUSED` packages of the Docker client by empty modules. */
function withoutUnused(): Plugin {
  return {
    name: "without-unused",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: UNUSED }, ({ path, importer }) =>
        DOCKER_CLIENT.test(importer) ? { path, namespace: "unused" } : undefined,
      );
      onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
    },
  };
}

/** Replaces index modules by those of `SHORTENED`. */
function shortened(): Plugin {
  return {
    name: "shortened",
    setup({ onLoad }) {
      for (const [filter, contents] of SHORTENED) onLoad({ filter }, () => ({ contents }));
    },
  };
}
