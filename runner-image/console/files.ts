import type { OutputStream } from "../../src/protocol/messages.ts";
import {
  apply,
  defineProperty,
  queueTask,
  sizeOfArray,
  sliceBytes,
  typedArrayName,
} from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

type Take = (stream: OutputStream, bytes: Uint8Array) => void;
type Args = readonly unknown[];

const STREAMS: Record<number, OutputStream> = { 1: "stdout", 2: "stderr" };

/**
 * Replaces the functions of `node:fs` that write to a stream by its number. An import of them by
 * name still gets the originals, whose bytes go nowhere.
 */
export function captureFiles(process: Anything, take: Take): void {
  const files = process.getBuiltinModule("node:fs");
  const { Buffer } = process.getBuiltinModule("node:buffer");
  const { from } = Buffer;
  const bytesOf = (data: unknown, encoding: unknown): Uint8Array | undefined => {
    if (typeof data === "string") return apply(from, Buffer, [data, encoding]) as Uint8Array;
    return typedArrayName(data) === "Uint8Array" ? (data as Uint8Array) : undefined;
  };
  /** Takes the bytes for a stream, and returns their number. `undefined` means another file. */
  const taken = (args: Args, isWhole: boolean): number | undefined => {
    const stream = typeof args[0] === "number" ? STREAMS[args[0]] : undefined;
    const bytes = stream && bytesOf(args[1], isWhole ? undefined : args[3]);
    if (stream === undefined || bytes === undefined) return undefined;
    const part = isWhole || typeof args[1] === "string" ? bytes : partOf(bytes, args[2], args[3]);
    take(stream, part);
    return sizeOfArray(part);
  };
  const { write, writeSync, writeFileSync, appendFileSync } = files;
  const later = (...args: unknown[]): unknown => {
    const done = args[args.length - 1];
    const count = typeof done === "function" ? taken(args, false) : undefined;
    if (count === undefined) return apply(write, files, args);
    queueTask(() => apply(done as () => void, undefined, [null, count, args[1]]));
    return undefined;
  };
  const whole =
    (original: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown =>
      taken(args, true) === undefined ? apply(original, files, args) : undefined;
  replace(files, "write", later);
  replace(files, "writeSync", (...args) => taken(args, false) ?? apply(writeSync, files, args));
  replace(files, "writeFileSync", whole(writeFileSync));
  replace(files, "appendFileSync", whole(appendFileSync));
}

function partOf(bytes: Uint8Array, from: unknown, length: unknown): Uint8Array {
  const range = typeof from === "object" && from !== null ? (from as Anything) : undefined;
  const start = numberOr(range === undefined ? from : range.offset, 0);
  const size = numberOr(range === undefined ? length : range.length, sizeOfArray(bytes) - start);
  return sliceBytes(bytes, start, start + size);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function replace(files: object, name: string, by: (...args: unknown[]) => unknown): void {
  defineProperty(by, "name", { value: name, configurable: true });
  defineProperty(files, name, {
    value: by,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
