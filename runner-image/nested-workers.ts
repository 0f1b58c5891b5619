import { dropUrl, makeUrl } from "./base/blob-urls.ts";
import {
  apply,
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  getterOf,
  hasOwn,
  listOf,
  mapDelete,
  mapGet,
  mapSet,
  NativeBlob,
  NativeMap,
  NativeURL,
  stringifyJson,
  toText,
} from "./base/primordials.ts";
import { isMain } from "./modules/own-worker.ts";

const { construct, setPrototypeOf, preventExtensions } = Reflect;
const typeOfBlob = getterOf<string>(Blob.prototype, "type");
const JAVASCRIPT = { type: "application/javascript" };

/**
 * Media types that the runtime takes for a module. A worker's first module may have any other type.
 */
const MODULE_TYPE = /script|jsx|tsx|json|wasm|mp2t|mpeg|node/;
const isModuleType = RegExp.prototype.test.bind(MODULE_TYPE);

/** Output of the workers that user code creates. */
export interface NestedOutput {
  /** Property of those messages to the creator that are output. */
  readonly mark: string;
  /**
   * Returns the function that takes the value of that property, for a worker made now. The value may
   * be anything: code can send such a message, too.
   */
  readonly taker: () => (output: unknown) => void;
}

/**
 * Makes each worker that user code creates evaluate the prelude before its own module, and takes its
 * output out of its messages. The class of `node:worker_threads` offers no place for that, so it
 * creates no worker at all. `urlOfMain` makes a URL of user code's own module, whose text no other
 * worker can load.
 */
export function closeWorkers(
  prelude: () => string,
  NodeWorker: object,
  output: NestedOutput,
  urlOfMain: () => string,
): void {
  const Native = Worker;
  const base = location.href;
  const typed = typedCopies();
  const behind = (specifier: unknown): string => {
    // Converted to text once: a second conversion could give another text.
    const url = new NativeURL(toText(specifier), base).href;
    const own = isMain(url) ? urlOfMain() : (mapGet(typed, url) ?? url);
    const text = `import ${stringifyJson(prelude())};\nimport ${stringifyJson(own)};\n`;
    return makeUrl(new NativeBlob(listOf(text), JAVASCRIPT));
  };
  const guarded = new Proxy(Native, {
    // Not destructured: code may have replaced the iterator of arrays.
    construct(target, args, newTarget) {
      const worker = construct(target, [behind(args[0]), args[1]], newTarget) as Worker;
      takeOutput(worker, output);
      return worker;
    },
  });
  defineProperty(Native.prototype, "constructor", { value: guarded, writable: false });
  defineProperty(globalThis, "Worker", { value: guarded, configurable: true, writable: true });
  setPrototypeOf(NodeWorker, refuse);
  preventExtensions(NodeWorker);
}

/**
 * Takes output out of the messages of a worker. The runtime looks up the worker's `dispatchEvent` for
 * each, and finds this one before any of a class. So output and other messages keep their order.
 */
function takeOutput(worker: Worker, { mark, taker }: NestedOutput): void {
  const take = taker();
  function dispatchEvent(this: unknown, event: Event): unknown {
    const data = messageOf(event);
    if (typeof data === "object" && data !== null && hasOwn(data, mark)) {
      take((data as Record<string, unknown>)[mark]);
      return true;
    }
    const { dispatchEvent: dispatch } = getPrototypeOf(worker) as EventTarget;
    return apply(dispatch, this, [event]);
  }
  defineProperty(worker, "dispatchEvent", {
    value: dispatchEvent,
    configurable: true,
    writable: true,
  });
}

/** Returns the data of a message, and `undefined` for another event. It is an own property. */
function messageOf(event: Event): unknown {
  return getOwnPropertyDescriptor(event, "data")?.value;
}

/** Maps the URL of a blob without a module's type to that of a copy that can be imported. */
function typedCopies(): Map<string, string> {
  const copies = new NativeMap<string, string>();
  function createObjectURL(blob: Blob): string {
    const url = makeUrl(blob);
    if (!isModuleType(typeOfBlob(blob))) {
      mapSet(copies, url, makeUrl(new NativeBlob(listOf(blob), JAVASCRIPT)));
    }
    return url;
  }
  function revokeObjectURL(url: string): void {
    const copy = mapGet(copies, url);
    if (copy !== undefined) dropUrl(copy);
    mapDelete(copies, url);
    dropUrl(url);
  }
  Object.assign(URL, { createObjectURL, revokeObjectURL });
  return copies;
}

/**
 * Base class of the `Worker` of `node:worker_threads`. The base constructor runs first and throws.
 */
function refuse(): never {
  throw new Error('Workers of "node:worker_threads" are not available here: use the global Worker');
}
