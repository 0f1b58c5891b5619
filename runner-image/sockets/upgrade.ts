import type { SocketMessage } from "../../src/protocol/socket.ts";
import {
  indexOfText,
  NativePromise,
  NativeTypeError,
  replaceAllText,
  weakMapGet,
  weakMapSet,
} from "../base/primordials.ts";
import type { SocketWays } from "./send-queue.ts";
import { ServerSocket, type SocketControl } from "./server-socket.ts";
import { socketWeb } from "./socket-web.ts";

/** A client's wish for a WebSocket, for the code that gets its request. */
export class Offer {
  readonly #ways: SocketWays;
  #control: Partial<SocketControl> | undefined;
  #finish = (): void => {};
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;

  constructor(ways: SocketWays) {
    this.#ways = ways;
    this.ended = new NativePromise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** True once code has taken it. */
  get isTaken(): boolean {
    return this.#control !== undefined;
  }

  take(protocol: string): ServerSocket {
    if (this.isTaken) throw new NativeTypeError("The request has been upgraded already");
    ServerSocket.adopt();
    this.#control = {};
    return new ServerSocket(protocol, this.#ways, this.#control);
  }

  hear(event: SocketMessage): void {
    try {
      this.#control?.hear?.(event);
    } finally {
      if (event.op === "closed") this.#finish();
    }
  }

  close(): void {
    this.#finish();
  }
}

let isReplaced = false;

/** Captures what sockets need, in a worker that has them. Called before user code is loaded. */
export function prepareSockets(): void {
  if (isReplaced) socketWeb();
}

const offers = new WeakMap<object, Offer>();

/** Lets code upgrade that request. */
export function offerSocket(request: Request, offer: Offer): void {
  weakMapSet(offers, request, offer);
}

/**
 * Replaces the runtime's own upgrade, which needs a connection of `Deno.serve`. Only a request of an
 * HTTP function can be upgraded.
 */
export function replaceUpgrade(): void {
  const { Deno } = globalThis as { Deno?: Record<string, unknown> };
  if (Deno === undefined) return;
  isReplaced = true;
  Deno.upgradeWebSocket = function upgradeWebSocket(
    request: Request,
    options?: { readonly protocol?: string },
  ): { response: Response; socket: ServerSocket } {
    const offer = weakMapGet(offers, request) as Offer | undefined;
    if (offer === undefined) {
      throw new NativeTypeError(
        "The request is no upgrade to a WebSocket: it lacks 'Connection: Upgrade', " +
          "'Upgrade: websocket', 'Sec-WebSocket-Version: 13' or 'Sec-WebSocket-Key'",
      );
    }
    const protocol = options?.protocol ?? "";
    const headers: Record<string, string> = {};
    if (protocol !== "") {
      if (!isAsked(request, protocol)) {
        throw new NativeTypeError(`The client has not asked for the protocol '${protocol}'`);
      }
      headers["sec-websocket-protocol"] = protocol;
    }
    const { NativeResponse } = socketWeb();
    const socket = offer.take(protocol);
    return { response: new NativeResponse(null, { status: 101, headers }), socket };
  };
}

function isAsked(request: Request, protocol: string): boolean {
  const { requestHeadersOf, headerOf } = socketWeb();
  const asked = headerOf(requestHeadersOf(request), "sec-websocket-protocol") ?? "";
  return indexOfText(`,${replaceAllText(asked, " ", "")},`, `,${protocol},`) >= 0;
}
