import { getterOf, uncurry } from "./base/primordials.ts";

/** The runtime's own part in a response, taken before user code can replace any of it. */
function capture() {
  const { prototype: stream } = ReadableStream;
  return {
    NativeRequest: Request,
    statusOf: getterOf<number>(Response.prototype, "status"),
    headersOf: getterOf<Headers>(Response.prototype, "headers"),
    bodyOf: getterOf<ReadableStream | null>(Response.prototype, "body"),
    eachHeader: uncurry(Headers.prototype.forEach) as (
      headers: Headers,
      each: (value: string, name: string) => void,
    ) => void,
    getReader: uncurry(stream.getReader as () => ReadableStreamDefaultReader<unknown>),
    cancelStream: uncurry(stream.cancel),
    read: uncurry(ReadableStreamDefaultReader.prototype.read),
    cancel: uncurry(ReadableStreamDefaultReader.prototype.cancel),
  };
}

type Web = ReturnType<typeof capture>;

let captured: Web | undefined;

/** Not while this module loads: level `none` has none of it in memory before it is asked for. */
export function web(): Web {
  captured ??= capture();
  return captured;
}
