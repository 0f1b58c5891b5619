/** Makes log entries of bytes that code writes to the streams of its process. */
import type { OutputStream } from "../../src/protocol/messages.ts";
import {
  apply,
  bufferOfArray,
  defineProperty,
  getOwnPropertyDescriptor,
  NativeBytes,
  NativeTypeError,
  offsetOfArray,
  sizeOfArray,
  typedArrayName,
} from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

type Take = (stream: OutputStream, bytes: Uint8Array) => void;
type Done = (error?: Error | null) => void;

// Loads the runtime's streams before user code. They set functions that open any resource by its
// number on a plain object, where a setter of code's own on `Object.prototype` would get them.
const NativeWritableStream = WritableStream;

/** Replaces the writing of `Deno.stdout`, `process.stdout` and those of errors. */
export function captureStreams(take: Take): void {
  const { Deno, process } = globalThis as Anything;
  for (const name of ["stdout", "stderr"] as const) {
    const write = (bytes: unknown): number => {
      const view = bytesOf(bytes);
      take(name, view);
      return sizeOfArray(view);
    };
    captureDeno(Deno[name], write);
    captureProcess(process, name, write);
  }
}

/** Replaces methods of the one object, and those of its class as code can borrow them. */
function captureDeno(stream: Anything, write: (bytes: unknown) => number): void {
  let writable: WritableStream<Uint8Array> | undefined;
  const target = Object.getPrototypeOf(stream);
  const methods = {
    async write(bytes: unknown): Promise<number> {
      return write(bytes);
    },
    writeSync: (bytes: unknown): number => write(bytes),
  };
  for (const [name, value] of Object.entries(methods)) {
    defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  }
  defineProperty(target, "writable", {
    get() {
      writable ??= new NativeWritableStream({ write: (bytes) => void write(bytes) });
      return writable;
    },
    enumerable: true,
    configurable: true,
  });
}

/** Replaces what the stream of Node does with its bytes, once code asks for it: it is slow to make. */
function captureProcess(
  process: Anything,
  name: OutputStream,
  write: (bytes: unknown) => number,
): void {
  const property = getOwnPropertyDescriptor(process, name);
  const original = property?.get as () => Anything;
  let captured: unknown;
  const get = (): unknown => {
    const stream = apply(original, process, []) as Anything;
    if (stream !== captured && typeof stream === "object" && stream !== null) {
      if (captured === undefined) stream._write = writing(write);
      captured = stream;
    }
    return stream;
  };
  defineProperty(process, name, { ...property, get });
}

/** Makes the function that a stream of Node calls with each chunk. */
export function writing(write: (bytes: unknown) => unknown) {
  return (chunk: unknown, _encoding: unknown, done: Done): void => {
    write(chunk);
    done();
  };
}

function bytesOf(bytes: unknown): Uint8Array {
  if (typedArrayName(bytes) === undefined)
    throw new NativeTypeError("expected typed ArrayBufferView");
  const view = bytes as Uint8Array;
  return new NativeBytes(bufferOfArray(view), offsetOfArray(view), sizeOfArray(view));
}
