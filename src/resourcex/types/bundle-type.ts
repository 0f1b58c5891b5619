import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type BuildFailure, build, type Plugin } from "esbuild";
import { bundlingFault, externalBuiltins, forEvaluate } from "../../bundler/build-options.ts";
import { asModule } from "../../bundler/expression.ts";
import { assertWhole } from "../../tools/bundle.ts";
import { LevelKernels } from "./level-kernels.ts";
import { type Describe, describeIn, type RunDescribe } from "./metadata.ts";
import { toType } from "./to-type.ts";
import type { BundledType } from "./type.ts";
import { moduleOf } from "./type-module.ts";
import { describeCall } from "./type-request.ts";

/** Modules of Node that the runtime of a sandbox lacks. */
export const UNAVAILABLE_BUILTINS: readonly string[] = ["_stream_wrap", "sea"];

/** Name of a source text in messages. */
const INLINE = "source text";

/**
 * Bundles a type's module, with everything it imports, into one text. `source` is a path, or code
 * in JavaScript or TypeScript. A sandbox, a process of this host, reads the type's metadata; the
 * code never runs in this process. Relative paths, and the imports of a text, resolve from
 * `basePath`. Default: the working directory. Imported files are read wherever they are, so bundle
 * only sources that you would build.
 *
 * @throws {ResourceTypeError} For a bad type.
 * @throws {IsolateError} If no sandbox is available.
 *
 * @example
 * const prompt = await bundleResourceType("./prompt.type.ts");
 * const registry = createRegistry({ types: [prompt] });
 */
export async function bundleResourceType(source: string, basePath?: string): Promise<BundledType> {
  const [type] = await bundleResourceTypes([source], basePath);
  return type as BundledType;
}

/** Bundles several types, one sandbox after another. Rejects at the first bad one. */
export async function bundleResourceTypes(
  sources: readonly string[],
  basePath = process.cwd(),
): Promise<BundledType[]> {
  const kernels = new LevelKernels();
  const run: RunDescribe = async (code) => {
    const { request, typeCall } = describeCall(code, "isolated");
    return (await kernels.kernel("isolated")).execute(request, { typeCall });
  };
  try {
    const types: BundledType[] = [];
    const describe: Describe = (code) => describeIn(run, () => moduleOf(code));
    for (const source of sources) types.push(await bundleOne(source, basePath, describe));
    return types;
  } finally {
    await kernels.close();
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

/** Returns the file that `source` names, or `undefined` if it is code. */
async function pathOf(source: string, basePath: string): Promise<string | undefined> {
  if (source.includes("\n")) return undefined;
  const path = resolve(basePath, source);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  // A name without a file deserves its own error. Code has characters that names lack.
  return isFile || !/[({;]/.test(source) ? path : undefined;
}
