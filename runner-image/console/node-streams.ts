import type { OutputStream } from "../../src/protocol/messages.ts";
import { defineProperty } from "../base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

type Take = (stream: OutputStream, bytes: Uint8Array) => void;

/**
 * Gives the `process` of a realm streams of its own. Those of the host's process write to where the
 * host runs. They are made once code asks for them.
 */
export function captureNodeStreams(take: Take): void {
  const { process } = globalThis as Anything;
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ] as const) {
    let stream: unknown;
    const get = (): unknown => {
      stream ??= makeStream(process, fd, (bytes) => take(name, bytes));
      return stream;
    };
    defineProperty(process, name, { get, enumerable: true, configurable: true });
  }
}

function makeStream(process: Anything, fd: number, take: (bytes: Uint8Array) => void): unknown {
  const { Writable } = process.getBuiltinModule("node:stream");
  const stream = new Writable({
    decodeStrings: true,
    write(bytes: Uint8Array, _encoding: unknown, done: () => void) {
      take(bytes);
      done();
    },
  });
  return Object.assign(stream, { fd, isTTY: false, _isStdio: true });
}
