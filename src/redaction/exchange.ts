import type {
  HttpExchange,
  HttpReceiver,
  SocketReceiver,
} from "../engines/contract/http-delivery.ts";
import type { ResponseHead } from "../protocol/http.ts";
import type { MaskedBytes, Redactor } from "./redactor.ts";

/** Types of bodies that are text. A body without a type is taken for text. */
const TEXT =
  /^\s*(text\/|application\/(json|ld\+json|x-ndjson|ndjson|xml|javascript|graphql|x-www-form-urlencoded|yaml)\b|[^;]*\+(json|xml|text)\b)/i;

/** Makes an exchange whose receiver gets headers, texts and messages without the values. */
export function redactedExchange(exchange: HttpExchange, redactor: Redactor): HttpExchange {
  let body: MaskedBytes | undefined;
  const flush = (): void => {
    const rest = body?.end();
    body = undefined;
    if (rest !== undefined && rest.length > 0) void exchange.onChunk(rest);
  };
  const receiver: Required<Omit<HttpReceiver, "socket">> = {
    onHead(head) {
      body = isText(head) ? redactor.byteParts() : undefined;
      exchange.onHead(redactedHead(head, redactor, body !== undefined));
    },
    async onChunk(bytes) {
      const masked = body === undefined ? bytes : body.push(bytes);
      if (masked.length > 0) await exchange.onChunk(masked);
    },
    onEnd() {
      flush();
      exchange.onEnd?.();
    },
  };
  const { socket } = exchange;
  return {
    ...receiver,
    request: exchange.request,
    body: exchange.body,
    socket: socket && redactedSocket(socket, redactor),
    flush,
  };
}

/** Masks the values of headers. The length of a masked body is not known ahead. */
function redactedHead(
  { status, headers }: ResponseHead,
  redactor: Redactor,
  isMasked: boolean,
): ResponseHead {
  const kept = isMasked ? headers.filter(([name]) => name !== "content-length") : headers;
  return { status, headers: kept.map(([name, value]) => [name, redactor.header(value)]) };
}

function isText({ headers }: ResponseHead): boolean {
  const named = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
  if (!/^(identity)?$/i.test(named("content-encoding") ?? "")) return false;
  const type = named("content-type");
  return type === undefined || TEXT.test(type);
}

/** Makes a receiver that gets text messages without the values. Binary ones pass as they are. */
function redactedSocket(socket: SocketReceiver, redactor: Redactor): SocketReceiver {
  let message: MaskedBytes | undefined;
  return {
    connect: (send) => socket.connect(send),
    onPiece(bytes, part) {
      if (!part.text) return socket.onPiece(bytes, part);
      message ??= redactor.byteParts();
      const masked = message.push(bytes);
      if (!part.last) return socket.onPiece(masked, part);
      const rest = message.end();
      message = undefined;
      return socket.onPiece(rest.length === 0 ? masked : Buffer.concat([masked, rest]), part);
    },
    onTaken: () => socket.onTaken(),
    onClose: (code, reason) => socket.onClose(code, redactor.text(reason)),
  };
}
