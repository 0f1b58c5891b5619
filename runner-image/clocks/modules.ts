import { beforeLoading } from "../base/before-loading.ts";
import { apply, NativeError } from "../base/primordials.ts";
import { replace } from "../base/replace.ts";
import { coarserWasi } from "./wasi.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/**
 * Changes the module `wasi` when it is first loaded, because loading it takes as long as all the
 * rest. Refuses hooks for the loader: a hook could resolve a specifier without the import map, and
 * so reach what the map replaces.
 */
export function closeModules(process: Anything): void {
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
  beforeLoading(process, prepare);
  replace(process.getBuiltinModule("node:module"), {
    registerHooks() {
      throw new NativeError('registerHooks() needs {"permissions":{"hrtime":true}}');
    },
  });
}
