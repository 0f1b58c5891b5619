type Exports = Record<string, unknown>;

// The bundle leaves the runtime's own modules to be required: by this, which Node and Deno have,
// and which is captured before untrusted code could replace it.
const { getBuiltinModule } = Reflect.get(globalThis, "process") as {
  getBuiltinModule(name: string): unknown;
};

/**
 * Runs the text of a bundled module and gives its exports. It runs on the host and in every
 * sandbox. `label` is what stacks call the module; `modules` are what it finds beside the
 * runtime's own.
 *
 * The text becomes a function and not a module of its own: whatever has a URL can be imported
 * again by that URL, its source included, and every stack tells the URL. Strict, so that no
 * stack frame and no `caller` leads to the function either.
 *
 * @example
 * evaluate("exports.answer = 42", "tool:answer") // { answer: 42 }
 */
export function evaluate(
  text: string,
  label: string,
  modules: Readonly<Record<string, unknown>> = {},
): Exports {
  const body = `"use strict";\n${text}\n//# sourceURL=${label}`;
  const module: { exports: unknown } = { exports: {} };
  const run = new Function("module", "exports", "require", body);
  run(module, module.exports, (name: string) => modules[name] ?? getBuiltinModule(name));
  const { exports } = module;
  const isNamespace = typeof exports === "object" && exports !== null;
  // What a CommonJS module assigns to `module.exports` is its default export.
  if (!isNamespace || (!("__esModule" in exports) && "setup" in exports)) {
    return { default: exports };
  }
  return exports as Exports;
}
