/** Makes the module of a type. It runs in a confined process without any files. */
import { isBuiltin } from "node:module";
import type * as Esbuild from "esbuild-wasm";
import { bundlingFault, externalBuiltins, forEvaluate } from "./build-options.ts";
import { asModule } from "./expression.ts";

export type ComposeOutput =
  | { readonly code: string; readonly inputs: readonly string[] }
  | { readonly fault: string };

/** Names of the inputs: the surrounding module, the code, and the module that joins them. */
export const COMPOSE_INPUTS = ["entry:entry.js", "type:type.js", "<stdin>"] as const;

const STDIN = "<stdin>";
const MAX_FAULT = 1_000;

/** Defines `require`, because CommonJS packages in a bundle require the runtime's own modules. */
const REQUIRE = "const require = (name) => process.getBuiltinModule(name);";

/** Joins the code with `entry`, the text of the surrounding module. */
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
      // Never loaded as TypeScript: there the bundler computes enums, and a short one can be
      // endless.
      plugins: [sealed({ type: asModule(code), entry }), externalBuiltins],
    });
    return { code: outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) };
  } catch (error) {
    const failure = error as Esbuild.BuildFailure;
    // The bundler has ended, so this process ends, too.
    if (failure.errors === undefined) throw failure;
    return { fault: bundlingFault(failure).slice(0, MAX_FAULT) };
  }
}

/** Limits the imports of a type's code to the modules of the runtime. */
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
