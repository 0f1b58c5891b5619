import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type BuildFailure, build, type Plugin } from "esbuild";
import { bundlingFault, externalBuiltins, forEvaluate } from "../../bundler/build-options.ts";
import { asModule } from "../../bundler/expression.ts";
import { assertWhole } from "../../tools/bundle.ts";
import { EngineLevels } from "./levels.ts";
import { type Describe, describeIn } from "./metadata.ts";
import { toType } from "./to-type.ts";
import type { BundledType } from "./type.ts";
import { moduleOf } from "./type-module.ts";

/** What Node has and the runtime of a sandbox does not. */
export const UNAVAILABLE_BUILTINS: readonly string[] = ["_stream_wrap", "sea"];

/** What a source text is called in messages. */
const INLINE = "source text";

/**
 * Bundles the module of a type, a file or its text in JavaScript or TypeScript, with all it imports
 * into one text; what the type says of itself is read in a sandbox, a process of this host, and
 * never runs in this one. `basePath` is what a relative file and the imports of a text count from;
 * default: the working directory. Files the source imports are read, wherever they are: bundle what you
 * would build. Rejects with `ResourceTypeError`, or an `IsolateError` if there is no sandbox to be had.
 *
 * @example
 * const prompt = await bundleResourceType("./prompt.type.ts");
 * const registry = createRegistry({ types: [prompt] });
 */
export async function bundleResourceType(source: string, basePath?: string): Promise<BundledType> {
  const [type] = await bundleResourceTypes([source], basePath);
  return type as BundledType;
}

/** Bundles several, one sandbox after another; rejects at the first that is no good. */
export async function bundleResourceTypes(
  sources: readonly string[],
  basePath = process.cwd(),
): Promise<BundledType[]> {
  const levels = new EngineLevels();
  try {
    const types: BundledType[] = [];
    const describe: Describe = async (code) =>
      describeIn(await levels.engine("isolated"), () => moduleOf(code));
    for (const source of sources) types.push(await bundleOne(source, basePath, describe));
    return types;
  } finally {
    await levels.close();
  }
}

async function bundleOne(
  source: string,
  basePath: string,
  describe: Describe,
): Promise<BundledType> {
  const path = await pathOf(source, basePath);
  const label = path ?? INLINE;
  return toType(label, () => bundleCode(source, path, basePath), describe);
}

async function bundleCode(
  source: string,
  path: string | undefined,
  basePath: string,
): Promise<string> {
  const text = path === undefined ? source : await readFile(path, "utf8");
  const { outputFiles, metafile } = await build({
    ...forEvaluate(),
    format: "esm",
    absWorkingDir: resolve(basePath),
    outdir: "/",
    stdin: {
      contents: asModule(text),
      sourcefile: path ?? "type.ts",
      resolveDir: path === undefined ? resolve(basePath) : dirname(path),
      loader: path?.endsWith("x") ? "tsx" : "ts",
    },
    plugins: [noUnavailable, externalBuiltins],
  }).catch((error: BuildFailure) => {
    throw new Error(bundlingFault(error));
  });
  assertWhole(metafile);
  return outputFiles[0]?.text ?? "";
}

const noUnavailable: Plugin = {
  name: "unavailable",
  setup({ onResolve }) {
    onResolve({ filter: /^(node:)?\w/ }, ({ path, importer }) => {
      if (!UNAVAILABLE_BUILTINS.includes(path.replace(/^node:/, ""))) return undefined;
      const text = `"${path}" is not available in a sandbox (imported by ${importer})`;
      return { errors: [{ text }] };
    });
  },
};

/** The file that is meant, or nothing for a text. */
async function pathOf(source: string, basePath: string): Promise<string | undefined> {
  if (source.includes("\n")) return undefined;
  const path = resolve(basePath, source);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  // A name without a file is a mistake worth its own message, code is no name.
  return isFile || !/[({;]/.test(source) ? path : undefined;
}
