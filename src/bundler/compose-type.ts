/** Makes the module of a type. Runs in a confined process, where there are no files. */
import { isBuiltin } from "node:module";
import type * as Esbuild from "esbuild-wasm";
import { bundlingFault, externalBuiltins, forEvaluate } from "./build-options.ts";
import { asModule } from "./expression.ts";

export type ComposeOutput =
  | { readonly code: string; readonly inputs: readonly string[] }
  | { readonly fault: string };

/** Names of the inputs: what surrounds the code, the code, and what joins them. */
export const COMPOSE_INPUTS = ["entry:entry.js", "type:type.js", "<stdin>"] as const;

const STDIN = "<stdin>";
const MAX_FAULT = 1_000;

/** CommonJS packages in a bundle require the runtime's own modules. */
const REQUIRE = "const require = (name) => process.getBuiltinModule(name);";

/** Joins the code with `entry`, the text of the module that surrounds it. */
export async function composeType(
  { build }: Pick<typeof Esbuild, "build">,
  code: string,
  entry: string,
): Promise<ComposeOutput> {
  try {
    const { outputFiles, metafile } = await build({
      ...forEvaluate(),
      format: "esm",
      stdin: {
        contents: `import * as type from "type";
          import { describe as describeType, entryOf } from "entry";
          export default entryOf(type.default);
          export const describe = () => describeType(type.default);`,
      },
      banner: { js: REQUIRE },
      tsconfigRaw: {},
      // Never as TypeScript: there the bundler computes enums, which a short text can make endless.
      plugins: [sealed({ type: asModule(code), entry }), externalBuiltins],
    });
    return { code: outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) };
  } catch (error) {
    const failure = error as Esbuild.BuildFailure;
    // The bundler has ended: so does this.
    if (failure.errors === undefined) throw failure;
    return { fault: bundlingFault(failure).slice(0, MAX_FAULT) };
  }
}

/** Has the code of a type reach nothing but the modules of the runtime. */
function sealed(texts: Readonly<Record<"type" | "entry", string>>): Esbuild.Plugin {
  return {
    name: "type",
    setup({ onResolve, onLoad }) {
      for (const name of ["type", "entry"] as const) {
        onResolve({ filter: new RegExp(`^${name}$`) }, ({ importer }) =>
          importer === STDIN ? { path: `${name}.js`, namespace: name } : undefined,
        );
        onLoad({ filter: /.*/, namespace: name }, () => ({ contents: texts[name], loader: "js" }));
      }
      onResolve({ filter: /.*/, namespace: "type" }, ({ path }) => {
        if (isBuiltin(path)) return undefined;
        return { errors: [{ text: `It imports "${path}", and types bring all they need along` }] };
      });
    },
  };
}
