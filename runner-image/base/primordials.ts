/**
 * Built-ins that the runner uses after user code has loaded. User code may replace any of them on
 * its own globals and prototypes. They are captured here first, before any user code runs.
 */

// biome-ignore lint/suspicious/noExplicitAny: stands for any method of any receiver
type Method = (this: any, ...args: any[]) => any;

const { bind, call } = Function.prototype;

/**
 * Turns a method into a function of its receiver: `uncurry(String.prototype.slice)(text, 0, 3)`. It
 * looks nothing up, so it may run after user code.
 */
export const uncurry = bind.bind(call as never) as unknown as <M extends Method>(
  method: M,
) => (self: ThisParameterType<M>, ...args: Parameters<M>) => ReturnType<M>;

export const { parse: parseJson, stringify: stringifyJson } = JSON;
export const { apply, construct, deleteProperty, ownKeys } = Reflect;
export const { defineProperty, getPrototypeOf, setPrototypeOf, is: isSame, keys: keysOf } = Object;
export const { assign } = Object;
export const { getOwnPropertyDescriptor, getOwnPropertySymbols, hasOwn } = Object;
/** Tells whether a value is raw JSON text. Node 20 does not know of such values. */
export const isRawJson = (JSON as { isRawJSON?: (value: unknown) => boolean }).isRawJSON;
export const { create: createObject } = Object;
export const ObjectPrototype: object = Object.prototype;
export const ArrayPrototype: object = Array.prototype;
export const { isArray } = Array;
const { iterator } = Symbol;
export const { isFinite: isFiniteNumber } = Number;
export const { clz32: leadingZeros, floor, max: most, min: least } = Math;
export const toText = String;
export const toNumber = Number;
export const NativeError = Error;
export const NativeTypeError = TypeError;
export const captureStack = Error.captureStackTrace as (target: object, below?: unknown) => void;
/** Tells errors of all realms. `undefined` where the language does not have it. */
export const isErrorOfAnyRealm = (Error as { isError?: (value: unknown) => boolean }).isError;
export const NativeAggregateError = AggregateError;
/** Class of the errors of `using`. `undefined` where the language does not have it. */
export const NativeSuppressedError = Reflect.get(globalThis, "SuppressedError") as unknown as
  | ErrorConstructor
  | undefined;
export const NativeMap = Map;
export const NativeSet = Set;
export const NativeWeakMap = WeakMap;
export const NativeWeakSet = WeakSet;
export const NativePromise = Promise;
/** Returns a promise of the runtime's own as it is, and makes one of any other value. */
export const promiseOf = Promise.resolve.bind(Promise) as (value: unknown) => Promise<unknown>;
export const NativeBytes = Uint8Array;

/** Takes the method of an iterator that user code could replace on its prototype. */
const nextOf = <T>(of: Iterator<T>) =>
  uncurry(Object.getPrototypeOf(of).next as (this: Iterator<T>) => IteratorResult<T>);
export const mapEntries = uncurry(Map.prototype.entries);
export const nextOfMap = nextOf<[unknown, unknown]>(new Map<unknown, unknown>().entries());
export const setValues = uncurry(Set.prototype.values);
export const nextOfSet = nextOf<unknown>(new Set<unknown>().values());
export const join = uncurry(Array.prototype.join as (separator: string) => string);
export const startsWith = uncurry(String.prototype.startsWith);
export const lowerCase = uncurry(String.prototype.toLowerCase);
export const characters = String.fromCharCode;
export const sliceText = uncurry(String.prototype.slice);
export const replaceAllText = uncurry(
  String.prototype.replaceAll as (this: string, from: string, to: string) => string,
);
export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const indexOfText = uncurry(String.prototype.indexOf);
export const lastIndexOfText = uncurry(String.prototype.lastIndexOf);
/** Runs a pattern, which must not have the flag `g` or `y`. */
export const execPattern = uncurry(RegExp.prototype.exec);
export const mapGet = uncurry(Map.prototype.get);
export const mapSet = uncurry(Map.prototype.set);
export const mapDelete = uncurry(Map.prototype.delete);
export const mapSize = uncurry(
  Object.getOwnPropertyDescriptor(Map.prototype, "size")?.get as () => number,
);
export const setForEach = uncurry(Set.prototype.forEach) as unknown as <T>(
  set: Set<T>,
  each: (item: T) => void,
) => void;
export const setHas = uncurry(Set.prototype.has);
export const setAdd = uncurry(Set.prototype.add);
export const setClear = uncurry(Set.prototype.clear);
export const setDelete = uncurry(Set.prototype.delete);
export const setSize = uncurry(
  Object.getOwnPropertyDescriptor(Set.prototype, "size")?.get as () => number,
);
export const mapForEach = uncurry(Map.prototype.forEach) as <K, V>(
  map: Map<K, V>,
  each: (value: V, key: K) => void,
) => void;
export const weakMapGet = uncurry(WeakMap.prototype.get) as (map: object, key: object) => unknown;
export const weakMapSet = uncurry(WeakMap.prototype.set);
export const weakSetHas = uncurry(WeakSet.prototype.has);
export const weakSetAdd = uncurry(WeakSet.prototype.add);
export const timeOf = uncurry(Date.prototype.getTime);
export const dateText = uncurry(Date.prototype.toISOString);
export const numberOf = uncurry(Number.prototype.valueOf);
export const stringOf = uncurry(String.prototype.valueOf);
export const truthOf = uncurry(Boolean.prototype.valueOf);
export const bigintOf = uncurry(BigInt.prototype.valueOf);
/** Source text of a function; `[native code]` for one of the runtime. */
/** Source text of a function; `[native code]` for one of the runtime. */
export const functionText = uncurry(Function.prototype.toString as (this: object) => string);
export const bigintText = uncurry(BigInt.prototype.toString);
/** Makes a native function that calls another with some arguments already given. */
export const bindTo = uncurry(bind);
export const regExpText = uncurry(RegExp.prototype.toString);
/** Tag of a value, such as `[object Map]`. Code can forge it with `Symbol.toStringTag`. */
export const tagOf = uncurry(Object.prototype.toString as (this: unknown) => string);
const encodeText = uncurry(TextEncoder.prototype.encode);
const encoder = new TextEncoder();
const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
/** Takes the getter of a property from a prototype. It throws for an object of another kind. */
export const getterOf = <T>(of: object, name: string | symbol) =>
  uncurry(getOwnPropertyDescriptor(of, name)?.get as (this: unknown) => T);
/** Name of a typed array's class, such as `Uint8Array`. `undefined` for any other value. */
export const typedArrayName = getterOf<string | undefined>(TypedArray, Symbol.toStringTag);
export const lengthOfArray = getterOf<number>(TypedArray, "length");
/** Text of a symbol. `undefined` if it was made without one. */
export const descriptionOf = getterOf<string | undefined>(Symbol.prototype, "description");
export const sizeOfArray = getterOf<number>(TypedArray, "byteLength");
export const offsetOfArray = getterOf<number>(TypedArray, "byteOffset");
export const bufferOfArray = getterOf<ArrayBuffer>(TypedArray, "buffer");
export const sizeOfBuffer = getterOf<number>(ArrayBuffer.prototype, "byteLength");
export const sizeOfShared = getterOf<number>(SharedArrayBuffer.prototype, "byteLength");
export const sizeOfView = getterOf<number>(DataView.prototype, "byteLength");
export const offsetOfView = getterOf<number>(DataView.prototype, "byteOffset");
export const bufferOfView = getterOf<ArrayBuffer>(DataView.prototype, "buffer");
export const sourceOf = getterOf<string>(RegExp.prototype, "source");
export const flagsOf = getterOf<string>(RegExp.prototype, "flags");
export const setBytes = uncurry(
  TypedArray.set as (this: Uint8Array, bytes: Uint8Array, offset: number) => void,
);
export const utf8 = (text: string): Uint8Array => encodeText(encoder, text);
export const sliceBytes = uncurry(
  TypedArray.subarray as (this: Uint8Array, from: number, to: number) => Uint8Array,
);
/** Counts the bytes of a text in UTF-8. */
export const byteLength = (text: string): number => sizeOfArray(encodeText(encoder, text));
export const repeatText = uncurry(String.prototype.repeat);
export const fixed = uncurry(Number.prototype.toFixed);
export const decodeBytes = uncurry(TextDecoder.prototype.decode);
export const NativeDecoder = TextDecoder;
export const queueTask = queueMicrotask;
export const preventDefault = uncurry(Event.prototype.preventDefault);
export const post = uncurry(
  MessagePort.prototype.postMessage as (message: unknown, transfer?: ArrayBuffer[]) => void,
);
export const startPort = uncurry(MessagePort.prototype.start);
export const NativeURL = URL;
export const createBlobUrl = URL.createObjectURL.bind(URL);
export const NativeBlob = Blob;
export const dateNow = Date.now;
export const startTimer = setTimeout;
export const nextTurn = setImmediate as (callback: () => void) => unknown;

/**
 * Makes a list with one item. The runtime can iterate it even if code has changed
 * `Array.prototype`.
 */
export function listOf<T>(value: T): T[] {
  const list = [value];
  const iterate = () => {
    let done = true;
    return {
      next: () => {
        done = !done;
        return { done, value };
      },
    };
  };
  defineProperty(list, iterator, { __proto__: null, value: iterate } as PropertyDescriptor);
  return list;
}
