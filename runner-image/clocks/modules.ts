import { apply, NativeError } from "../base/primordials.ts";
import { checkResolved } from "../base/resolution.ts";
import { replace } from "./replace.ts";
import { coarserWasi } from "./wasi.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/**
 * Changes the module `wasi` when it is first loaded, because loading it takes as long as all the
 * rest. Refuses hooks for the loader: a hook could resolve a specifier without the import map, and
 * so reach what the map replaces.
 */
export function closeModules(process: Anything): void {
  const modules = process.getBuiltinModule("node:module");
  const { _load: load } = modules;
  const { getBuiltinModule } = process;
  let replaceWasi: (() => void) | undefined;
  let isCoarse = false;
  const prepare = (name: unknown): void => {
    if (isCoarse || (name !== "wasi" && name !== "node:wasi")) return;
    // An overflow of the stack can stop each step, and the next call goes on from there.
    replaceWasi ??= coarserWasi(apply(getBuiltinModule, process, ["node:wasi"]));
    replaceWasi();
    isCoarse = true;
  };
  const get = (name: unknown): unknown => {
    // The original refuses what is no text, so that no name can change meanwhile.
    prepare(name);
    return apply(getBuiltinModule, process, [name]);
  };
  checkResolved(prepare);
  replace(process, { getBuiltinModule: get });
  replace(modules, {
    getBuiltinModule: get,
    _load(this: unknown, ...args: unknown[]) {
      prepare(args[0]);
      return apply(load, this, args);
    },
    registerHooks() {
      throw new NativeError('registerHooks() needs {"permissions":{"hrtime":true}}');
    },
  });
}
