import type { RunnerFault } from "./base/faults.ts";
import {
  bigintOf,
  bufferOfView,
  dateText,
  flagsOf,
  hasOwn,
  isFiniteNumber,
  keysOf,
  lengthOfArray,
  mapForEach,
  mapSize,
  NativeBytes,
  NativeError,
  NativeMap,
  NativeSet,
  numberOf,
  offsetOfView,
  setForEach,
  setSize,
  sizeOfBuffer,
  sizeOfShared,
  sizeOfView,
  sourceOf,
  stringOf,
  timeOf,
  toNumber,
  toText,
  truthOf,
  typedArrayName,
} from "./base/primordials.ts";
import { is, tagName } from "./brands.ts";

/** Steps of a conversion that forms use. */
export interface Converter {
  value(value: unknown, key: string | number): unknown;
  list(items: ArrayLike<unknown>, length: number): unknown[];
  readable(names: readonly string[], source: Record<string, unknown>): object;
  promised(promise: PromiseLike<unknown>): unknown;
  unwritable(what: string, key?: string, advice?: string): RunnerFault;
}

/** Converts an object of a class into what JSON holds of it. */
type Form = (value: never, to: Converter) => unknown;

/** Properties that an error has of its own without their being enumerable. */
const HIDDEN = ["cause", "errors"];
/** Ways to read the content of classes that JSON would write as an empty object. */
const ADVICE: Readonly<Record<string, string>> = {
  Response: "return its content, as of await response.json()",
  Request: "return its content, as of await request.json()",
  Blob: "return its content, as of await blob.text()",
  File: "return its content, as of await file.text()",
  ReadableStream: "return its content, as of await new Response(stream).text()",
};
const NO_ADVICE = "return what it holds, or give its class a toJSON()";

/**
 * Returns the form of an object that JSON would write without its content. Returns `undefined` for
 * others. The tag of an object only says which test is worth making, because code can forge it.
 */
export function formOf(value: object): Form | undefined {
  if (typedArrayName(value) !== undefined) return numbers;
  const tag = tagName(value);
  if ((tag === "Map" || value instanceof NativeMap) && is(mapSize, value)) return entries;
  if ((tag === "Set" || value instanceof NativeSet) && is(setSize, value)) return members;
  if (value instanceof NativeError) return error;
  const promise = promiseForm(value);
  if (promise !== undefined) return promise;
  const probed = PROBED[hasOwn(PROBED, tag) ? tag : ""];
  return probed !== undefined && is(probed[0], value) ? probed[1] : undefined;
}

/** Returns the form of a promise, and of other objects that are awaited as one. */
export function promiseForm(value: object): Form | undefined {
  return typeof (value as { then?: unknown }).then === "function" ? promised : undefined;
}

/** Returns what code could return in place of such an object. */
export function adviceFor(value: object): string {
  const tag = tagName(value);
  return (hasOwn(ADVICE, tag) && ADVICE[tag]) || NO_ADVICE;
}

/** Forms by tag. Each comes with a test that throws for objects of other classes. */
const PROBED: Readonly<Record<string, readonly [(value: never) => unknown, Form]>> = {
  Date: [timeOf as never, (date: Date) => (isFiniteNumber(timeOf(date)) ? dateText(date) : null)],
  RegExp: [sourceOf as never, (regexp: RegExp) => `/${sourceOf(regexp)}/${flagsOf(regexp)}`],
  ArrayBuffer: [
    sizeOfBuffer as never,
    (buffer: ArrayBuffer, to) => bytes(to, buffer, 0, sizeOfBuffer(buffer)),
  ],
  SharedArrayBuffer: [
    sizeOfShared as never,
    (buffer: ArrayBuffer, to) => bytes(to, buffer, 0, sizeOfShared(buffer)),
  ],
  DataView: [
    sizeOfView as never,
    (view: DataView, to) => bytes(to, bufferOfView(view), offsetOfView(view), sizeOfView(view)),
  ],
  Number: [numberOf as never, (boxed: object) => toNumber(boxed)],
  String: [stringOf as never, (boxed: object, to) => to.value(toText(boxed), "")],
  Boolean: [truthOf as never, (boxed: boolean) => truthOf(boxed)],
  BigInt: [
    bigintOf as never,
    (_: object, to) => {
      throw to.unwritable("A BigInt", undefined, "return String(x)");
    },
  ],
};

function bytes(to: Converter, buffer: ArrayBuffer, offset: number, size: number): unknown {
  return to.list(new NativeBytes(buffer, offset, size), size);
}

function numbers(array: Uint8Array, to: Converter): unknown {
  return to.list(array, lengthOfArray(array));
}

function entries(map: Map<unknown, unknown>, to: Converter): unknown {
  const pairs: unknown[] = [];
  mapForEach(map, (value, key) => {
    pairs[pairs.length] = [key, value];
  });
  return to.list(pairs, pairs.length);
}

function members(set: Set<unknown>, to: Converter): unknown {
  const items: unknown[] = [];
  setForEach(set, (item) => {
    items[items.length] = item;
  });
  return to.list(items, items.length);
}

function promised(promise: PromiseLike<unknown>, to: Converter): unknown {
  return to.promised(promise);
}

/** Writes an error's name, message and other data, but no stack. */
function error(value: Error, to: Converter): unknown {
  const { name, message } = value;
  const source: Record<string, unknown> = { ...value, name, message };
  const names = ["name", "message"];
  const own = keysOf(source);
  for (let i = 0; i < own.length; i += 1) {
    const key = own[i] as string;
    if (key !== "name" && key !== "message" && key !== "stack") names[names.length] = key;
  }
  for (let i = 0; i < HIDDEN.length; i += 1) {
    const key = HIDDEN[i] as string;
    if (hasOwn(source, key) || !hasOwn(value, key)) continue;
    source[key] = (value as unknown as Record<string, unknown>)[key];
    names[names.length] = key;
  }
  return to.readable(names, source);
}
