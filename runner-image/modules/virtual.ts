/** Loads a text as the module of a URL. */
import { unfollowed } from "../base/bare-call.ts";
import { NativeTypeError, queueTask } from "../base/primordials.ts";
import { withNativeCall } from "./native-call.ts";
import { keepMain } from "./own-worker.ts";
export type Module = Record<string, unknown>;

interface Hooks {
  deregister(): void;
}

interface NodeModule {
  registerHooks(hooks: { resolve(specifier: string): unknown; load(url: string): unknown }): Hooks;
}

const { process } = globalThis as unknown as {
  process: { getBuiltinModule(name: "node:module"): NodeModule };
};
const { registerHooks } = process.getBuiltinModule("node:module");

/** A module that exports `then` and would be taken for a promise. */
const THENABLE = "/namespace";

/**
 * Evaluates the text as the module `url` and passes its namespace to `use`. Hooks for the loader
 * serve the URL. They are gone before the first line of the text runs, and before its imports are
 * resolved. A hook would resolve these without the import map. So it resolves nothing else, because
 * code of an attempt that has failed may still run.
 */
export async function importText(
  url: string,
  text: string,
  use: (module: Module) => unknown,
  isThenable: boolean,
): Promise<unknown> {
  keepMain(url, text);
  const around = `${url}${THENABLE}`;
  const putBack = withNativeCall();
  const hooks = registerHooks({
    resolve(specifier) {
      if (specifier !== url && (!isThenable || specifier !== around)) throw notNow();
      return { url: specifier, shortCircuit: true };
    },
    load(from) {
      if (from === url) {
        hooks.deregister();
        queueTask(putBack);
        return { format: "module", source: text, shortCircuit: true };
      }
      if (!isThenable || from !== around) throw notNow();
      const source = `import * as module from "${url}"; export { module };`;
      return { format: "module", source, shortCircuit: true };
    },
  });
  let module: Module;
  try {
    module = await unfollowed(import(isThenable ? around : url) as Promise<Module>);
  } finally {
    hooks.deregister();
    putBack();
  }
  return await use(isThenable ? (module.module as Module) : module);
}

function notNow(): Error {
  return new NativeTypeError("Nothing can be imported while the code is being loaded");
}
