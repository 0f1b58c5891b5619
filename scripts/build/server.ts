import { type BuildOptions, build, type Plugin } from "esbuild";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { type Built, inputsOf } from "./programs.ts";

/** Programs of the control plane: the server, the command line, and the threads that they start. */
const ENTRIES = {
  main: "server/main.ts",
  cli: "server/cli/main.ts",
  "json-thread": "server/http/json-thread/worker.ts",
  "store-thread": "server/store/pglite/worker.ts",
};

/** Packages with files of their own beside their code, which stay where they are installed. */
const INSTALLED = ["@electric-sql/pglite", "deno", "esbuild", "esbuild-wasm", "swagger-ui-dist"];
/** Asked for by `pg` in vain, unless somebody has installed it. */
const OPTIONAL = ["pg-native"];

/** Has a package that is no ES module require the modules of Node. */
const REQUIRE = `import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);`;

/** What dockerode loads for engines behind SSH, BuildKit's sessions, and folders as contexts: the server has none of them. */
const UNUSED = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs)$/;
const DOCKER_CLIENT = /\/node_modules\/(dockerode|docker-modem)\//;

/** Modules that name all a package has, with as much of it as is used here. */
const SHORTENED: readonly [path: RegExp, contents: string][] = [
  [/\/zod\/v4\/locales\/index\.js$/, `export { default as en } from "./en.js";`],
  [
    /\/rate-limiter-flexible\/index\.js$/,
    `exports.RateLimiterMemory = require("./lib/RateLimiterMemory");
     exports.RateLimiterRes = require("./lib/RateLimiterRes");`,
  ],
];

/** Builds the control plane, which Node runs without a loader, with the packages it imports: many files take longer. */
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

/** Has the Docker client load nothing for the ways to an engine that it is not used for. */
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

/** Takes the modules of `SHORTENED` in place of what packages have. */
function shortened(): Plugin {
  return {
    name: "shortened",
    setup({ onLoad }) {
      for (const [filter, contents] of SHORTENED) onLoad({ filter }, () => ({ contents }));
    },
  };
}
