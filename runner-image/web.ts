import { getterOf, uncurry } from "./base/primordials.ts";

/** Captures the functions that a response needs, before user code can replace them. */
function capture() {
  const { prototype: stream } = ReadableStream;
  return {
    NativeRequest: Request,
    NativeResponse: Response,
    getBuiltinModule: process.getBuiltinModule,
    statusOf: getterOf<number>(Response.prototype, "status"),
    typeOf: getterOf<string>(Response.prototype, "type"),
    headersOf: getterOf<Headers>(Response.prototype, "headers"),
    bodyOf: getterOf<ReadableStream | null>(Response.prototype, "body"),
    isUsed: getterOf<boolean>(Response.prototype, "bodyUsed"),
    isLocked: getterOf<boolean>(stream, "locked"),
    eachHeader: uncurry(Headers.prototype.forEach) as (
      headers: Headers,
      each: (value: string, name: string) => void,
    ) => void,
    getReader: uncurry(stream.getReader as () => ReadableStreamDefaultReader<unknown>),
    read: uncurry(ReadableStreamDefaultReader.prototype.read),
    cancel: uncurry(ReadableStreamDefaultReader.prototype.cancel),
  };
}

type Web = ReturnType<typeof capture>;

let captured: Web | undefined;

/**
 * Captures on the first call, not on load: level `none` then loads none of it before it is needed.
 */
export function web(): Web {
  captured ??= capture();
  return captured;
}
