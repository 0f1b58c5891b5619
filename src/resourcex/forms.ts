import { createHash } from "node:crypto";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { parse, tokenizer, tokTypes } from "acorn";
import { type BuildFailure, build, type Plugin } from "esbuild";
import { LRUCache } from "lru-cache";
import { bundlingFault, externalBuiltins, forEvaluate } from "../tools/bundle.ts";

/** Modules kept ready: each execution of a type runs the same one. */
const KEPT = 200;
const KEPT_CHARACTERS = 67_108_864;

/** From src/ as from lib/: the bundler takes the source. */
const ENTRY = fileURLToPath(new URL("../../src/resourcex/sandbox/entry.ts", import.meta.url));

const SYNTAX = { sourceType: "module", ecmaVersion: "latest" } as const;

/** Where the bundler finds the code, and nothing else. */
const NAMESPACE = "type";

/** What the bundler calls the module that is given as text. */
const STDIN = "<stdin>";

/** Characters of an expression. To parse a megabyte of one takes seconds, in which nobody is served. */
const MAX_EXPRESSION = 131_072;

const RESOLVER = /^\s*\/\/ *@resolver: *([A-Za-z_$][\w$]*)[^\n]*\n/;

const kept = new LRUCache<string, TypeModule>({
  max: KEPT,
  maxSize: KEPT_CHARACTERS,
  sizeCalculation: ({ text }, code) => text.length + code.length,
});

/** CommonJS packages in a bundle require the runtime's own modules. */
const REQUIRE = "const require = (name) => process.getBuiltinModule(name);";

/** A type's code with all that it takes to run it. */
export interface TypeModule {
  readonly text: string;
  /** Of the text: equal code, equal hash. */
  readonly hash: string;
}

/**
 * The module that runs a type's code in a sandbox: its default export is
 * `({ locator, manifest, args }, archive) => result`, and `describe()` says what the type is. Rejects
 * with an Error for code that does not parse, or imports what is not in it.
 */
export async function moduleOf(code: string): Promise<TypeModule> {
  const known = kept.get(code);
  if (known !== undefined) return known;
  const text = await compose(asModule(code));
  const module = { text, hash: createHash("sha256").update(text).digest("hex") };
  kept.set(code, module);
  return module;
}

/** Each form that code can have, as a module whose default export is the type. */
export function asModule(code: string): string {
  const name = RESOLVER.exec(code)?.[1];
  if (name !== undefined) return `${code}\nexport { ${name} as default };`;
  return isExpression(code) ? `export default ${code}` : code;
}

function isExpression(code: string): boolean {
  if (code.length > MAX_EXPRESSION) return false;
  try {
    // Parsed only if it looks like one: most are modules, and large.
    if (tokenizer(code, SYNTAX).getToken().type !== tokTypes.parenL) return false;
    const { body } = parse(code, SYNTAX);
    return body.length === 1 && body[0]?.type === "ExpressionStatement";
  } catch {
    return false;
  }
}

async function compose(module: string): Promise<string> {
  const { outputFiles } = await build({
    ...forEvaluate(),
    format: "esm",
    stdin: {
      contents: `import * as type from "type";
        import { describe as describeType, entryOf } from "entry";
        export default entryOf(type.default);
        export const describe = () => describeType(type.default);`,
    },
    banner: { js: REQUIRE },
    plugins: [sealed(module), externalBuiltins],
  }).catch((error: BuildFailure) => {
    throw new Error(bundlingFault(error));
  });
  return outputFiles[0]?.text ?? "";
}

/** Has the code of a type reach nothing but the modules of the runtime. */
function sealed(contents: string): Plugin {
  return {
    name: "type",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^type$/ }, ({ importer }) =>
        importer === STDIN ? { path: "type.js", namespace: NAMESPACE } : undefined,
      );
      onResolve({ filter: /^entry$/ }, ({ importer }) =>
        importer === STDIN ? { path: ENTRY } : undefined,
      );
      onResolve({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        if (isBuiltin(path)) return undefined;
        return { errors: [{ text: `It imports "${path}", and types bring all they need along` }] };
      });
      // Never as TypeScript: there the bundler computes enums, which a short text can make endless.
      onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({ contents, loader: "js" }));
    },
  };
}
