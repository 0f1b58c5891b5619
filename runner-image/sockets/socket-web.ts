import { getterOf, uncurry } from "../base/primordials.ts";

/** Captures the functions that a WebSocket needs, before user code can replace them. */
function capture() {
  return {
    NativeResponse: Response,
    NativeEvent: Event,
    NativeMessageEvent: MessageEvent,
    NativeCloseEvent: CloseEvent,
    NativeErrorEvent: ErrorEvent,
    NativeDomException: DOMException,
    dispatch: uncurry(EventTarget.prototype.dispatchEvent),
    addListener: uncurry(EventTarget.prototype.addEventListener),
    headerOf: uncurry(Headers.prototype.get),
    requestHeadersOf: getterOf<Headers>(Request.prototype, "headers"),
    bytesOfBlob: uncurry(Blob.prototype.arrayBuffer),
    sizeOfBlob: getterOf<number>(Blob.prototype, "size"),
    viewSize: getterOf<number>(DataView.prototype, "byteLength"),
    viewOffset: getterOf<number>(DataView.prototype, "byteOffset"),
    viewBuffer: getterOf<ArrayBuffer>(DataView.prototype, "buffer"),
  };
}

type SocketWeb = ReturnType<typeof capture>;

let captured: SocketWeb | undefined;

/** Captures on the first call, which `prepareSockets()` makes where there are sockets. */
export function socketWeb(): SocketWeb {
  captured ??= capture();
  return captured;
}
