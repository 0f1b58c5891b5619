import {
  createBlobUrl,
  defineProperty,
  getterOf,
  listOf,
  mapDelete,
  mapGet,
  mapSet,
  NativeBlob,
  NativeMap,
  stringifyJson,
  toText,
} from "./base/primordials.ts";

const { construct, setPrototypeOf, preventExtensions } = Reflect;
const NativeURL = URL;
const revokeBlobUrl = URL.revokeObjectURL.bind(URL);
const typeOfBlob = getterOf<string>(Blob.prototype, "type");
const JAVASCRIPT = { type: "application/javascript" };

/** Media types by which the runtime knows a module; what a worker begins with needs none. */
const MODULE_TYPE = /script|jsx|tsx|json|wasm|mp2t|mpeg|node/;
const isModuleType = RegExp.prototype.test.bind(MODULE_TYPE);

/**
 * Has each worker that code makes evaluate the prelude before a module of its own. The class of
 * `node:worker_threads` has no place where that could be done: it makes none at all.
 */
export function closeWorkers(prelude: string, NodeWorker: object): void {
  const Native = Worker;
  const base = location.href;
  const typed = typedCopies();
  const behind = (specifier: unknown): string => {
    // Made a text once: it could say something else the next time.
    const url = new NativeURL(toText(specifier), base).href;
    const own = mapGet(typed, url) ?? url;
    const text = `import ${stringifyJson(prelude)};\nimport ${stringifyJson(own)};\n`;
    return createBlobUrl(new NativeBlob(listOf(text), JAVASCRIPT));
  };
  const guarded = new Proxy(Native, {
    // Not taken apart, as no list is: code may have replaced how that is done.
    construct: (target, args, newTarget) =>
      construct(target, [behind(args[0]), args[1]], newTarget) as object,
  });
  defineProperty(Native.prototype, "constructor", { value: guarded, writable: false });
  defineProperty(globalThis, "Worker", { value: guarded, configurable: true, writable: true });
  setPrototypeOf(NodeWorker, refuse);
  preventExtensions(NodeWorker);
}

/** URLs of blobs without a module's type, each with that of a copy that can be imported. */
function typedCopies(): Map<string, string> {
  const copies = new NativeMap<string, string>();
  function createObjectURL(blob: Blob): string {
    const url = createBlobUrl(blob);
    if (!isModuleType(typeOfBlob(blob))) {
      mapSet(copies, url, createBlobUrl(new NativeBlob(listOf(blob), JAVASCRIPT)));
    }
    return url;
  }
  function revokeObjectURL(url: string): void {
    const copy = mapGet(copies, url);
    if (copy !== undefined) revokeBlobUrl(copy);
    mapDelete(copies, url);
    revokeBlobUrl(url);
  }
  Object.assign(URL, { createObjectURL, revokeObjectURL });
  return copies;
}

/** Stands where the class of `node:worker_threads` has its base, whose constructor comes first. */
function refuse(): never {
  throw new Error('Workers of "node:worker_threads" are not available here: use the global Worker');
}
