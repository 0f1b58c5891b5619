/** Builds the package that has the client and the command line alone: without Deno, and without a store. */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { builtPath, PACKAGE_ROOT } from "../../src/base/package-root.ts";
import { sourcesAndFolders } from "./library.ts";
import { type Built, inputsOf } from "./programs.ts";

const NAME = "isolate-client";
const DECLARATION = ".d.ts";
/** Specifier of an import, or of a type that is imported in place. */
const SPECIFIER = /(?<=\b(?:from|import) ?\(?)"([^"\s]+)"/g;

/** Declarations of packages that the client's types follow from. They come along. */
const PACKAGES: Readonly<Record<string, string>> = {
  zod: "node_modules/zod/index.d.ts",
  "zod/compile": "node_modules/zod/compile.d.ts",
  "eventsource-parser": "node_modules/eventsource-parser/dist/index.d.ts",
};

const MODULE = {
  absWorkingDir: PACKAGE_ROOT,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "node20",
  outdir: "/",
  metafile: true,
  write: false,
  legalComments: "none",
} satisfies BuildOptions;

/** Builds the package. The library's types must be there. */
export async function buildClientPackage(): Promise<Built> {
  const programs = await Promise.all([
    build({
      ...MODULE,
      entryPoints: { cli: "cli/client-main.ts" },
      platform: "node",
      chunkNames: "cli/[name]-[hash]",
      banner: { js: "#!/usr/bin/env node" },
    }),
    // Is neutral, because it runs in browsers, too.
    build({ ...MODULE, entryPoints: { client: "src/client/client.ts" }, platform: "neutral" }),
  ]);
  const code = programs.flatMap(({ outputFiles }) =>
    outputFiles.map(({ path, text }) => [path.slice(1), text]),
  );
  const inputs = programs.flatMap(({ metafile }) => inputsOf(metafile));
  const texts = ["LICENSE", "cli/README.md"];
  const [license = "", readme = ""] = await Promise.all(texts.map(textOf));
  return {
    files: {
      ...Object.fromEntries(code),
      ...(await declarations()),
      "package.json": await manifest(),
      "README.md": readme,
      LICENSE: license,
    },
    inputs: [
      ...inputs.filter((path) => !path.includes("/node_modules/")),
      ...(await sourcesAndFolders()),
      ...["package.json", ...texts].map((path) => join(PACKAGE_ROOT, path)),
    ],
  };
}

async function manifest(): Promise<string> {
  const { version, license, engines } = JSON.parse(await textOf("package.json"));
  const entry = { types: `./types/library/client/client${DECLARATION}`, default: "./client.js" };
  const fields = {
    name: NAME,
    version,
    description: "Client and command line of Isolate, a runner for untrusted JavaScript",
    license,
    type: "module",
    engines,
    bin: { isolate: "cli.js" },
    exports: { ".": entry },
    sideEffects: false,
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

/** Returns the client's declarations, with all that they import, by their paths in the package. */
async function declarations(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const open = [relative(PACKAGE_ROOT, builtPath("library", `client/client${DECLARATION}`))];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const place = placeOf(path);
    if (place in files) continue;
    const from = path;
    files[place] = (await textOf(path)).replace(SPECIFIER, (whole, specifier: string) => {
      const target = targetOf(from, specifier);
      if (target === undefined) return whole;
      open.push(target);
      const short = relative(dirname(place), placeOf(target)).replace(/\.d\.ts$/, ".js");
      return JSON.stringify(short.startsWith(".") ? short : `./${short}`);
    });
  }
  return files;
}

function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return PACKAGES[specifier];
  return join(dirname(from), specifier).replace(/(?:\.d)?\.[jt]s$/, DECLARATION);
}

function placeOf(path: string): string {
  return path.replace(/^(?:dist|node_modules)\//, "types/");
}

function textOf(path: string): Promise<string> {
  return readFile(join(PACKAGE_ROOT, path), "utf8");
}
