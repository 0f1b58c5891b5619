import { apply } from "./primordials.ts";
import { replace } from "./replace.ts";
import { checkResolved } from "./resolution.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/**
 * Calls `prepare` with each name by which code loads a module of the runtime, ahead of the loading.
 * The name may be anything: the original refuses what is no text.
 */
export function beforeLoading(process: Anything, prepare: (name: unknown) => void): void {
  const modules = process.getBuiltinModule("node:module");
  const { _load: load } = modules;
  const { getBuiltinModule: original } = process;
  const getBuiltinModule = (name: unknown): unknown => {
    prepare(name);
    return apply(original, process, [name]);
  };
  checkResolved(prepare);
  replace(process, { getBuiltinModule });
  replace(modules, {
    getBuiltinModule,
    _load(this: unknown, ...args: unknown[]) {
      prepare(args[0]);
      return apply(load, this, args);
    },
  });
}
