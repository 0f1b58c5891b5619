import {
  bufferOfArray,
  NativeBytes,
  offsetOfArray,
  setBytes,
  sizeOfArray,
  sizeOfBuffer,
  typedArrayName,
} from "../base/primordials.ts";
import { socketWeb } from "./socket-web.ts";

/** Copies the bytes of a buffer or of a view. `undefined` for any other value. */
export function copyBytes(data: unknown): Uint8Array | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { viewSize, viewOffset, viewBuffer } = socketWeb();
  if (typedArrayName(data) !== undefined) {
    return copyPart(bufferOfArray(data), offsetOfArray(data), sizeOfArray(data));
  }
  const viewed = sizeIfAny(viewSize, data);
  if (viewed !== undefined) return copyPart(viewBuffer(data), viewOffset(data), viewed);
  const size = sizeIfAny(sizeOfBuffer, data);
  return size === undefined ? undefined : copyPart(data as ArrayBuffer, 0, size);
}

/** Returns the size of a blob. `undefined` for any other value. */
export function blobSize(data: unknown): number | undefined {
  return sizeIfAny(socketWeb().sizeOfBlob, data);
}

function copyPart(buffer: ArrayBuffer, offset: number, size: number): Uint8Array {
  const copy = new NativeBytes(size);
  setBytes(copy, new NativeBytes(buffer, offset, size), 0);
  return copy;
}

function sizeIfAny(sizeOf: (value: unknown) => number, value: unknown): number | undefined {
  try {
    return sizeOf(value);
  } catch {
    return undefined;
  }
}
