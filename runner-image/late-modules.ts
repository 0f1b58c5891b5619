import { beforeLoading } from "./base/before-loading.ts";
import { apply, mapDelete, mapGet, NativeMap, sliceText, startsWith } from "./base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

/** Functions that change a module, by its name without `node:`. */
export type Changes = Readonly<Record<string, (module: Anything) => void>>;

const PREFIX = "node:";

/**
 * Changes modules of the runtime when code first loads them, because loading them ahead would cost
 * each new worker the time. This is no protection.
 */
export function changeWhenLoaded(process: Anything, changes: Changes): void {
  const { getBuiltinModule } = process;
  const left = new NativeMap(Object.entries(changes));
  const prepare = (name: unknown): void => {
    if (typeof name !== "string") return;
    const own = startsWith(name, PREFIX) ? sliceText(name, PREFIX.length) : name;
    const change = mapGet(left, own);
    if (change === undefined) return;
    mapDelete(left, own);
    change(apply(getBuiltinModule, process, [`${PREFIX}${own}`]));
  };
  beforeLoading(process, prepare);
}
