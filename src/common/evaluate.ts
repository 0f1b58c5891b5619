type Exports = Record<string, unknown>;

// The bundle still requires the runtime's own modules. Node and Deno both have this function.
// It is captured before untrusted code could replace it.
const { getBuiltinModule } = Reflect.get(globalThis, "process") as {
  getBuiltinModule(name: string): unknown;
};

/**
 * Runs the text of a bundled module and returns its exports, on the host and in every sandbox.
 * `label` is the module's name in stacks. `modules` can be required beside the runtime's own.
 *
 * The text becomes a function and no module of its own. A module has a URL that every stack shows.
 * Code could import it again by that URL, its source included. The function is strict, so that no
 * stack frame and no `caller` leads to it either.
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
  // A CommonJS module that assigns `module.exports` makes that its default export.
  if (!isNamespace || (!("__esModule" in exports) && "setup" in exports)) {
    return { default: exports };
  }
  return exports as Exports;
}
