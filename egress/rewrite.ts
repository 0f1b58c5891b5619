import { type Destination, formatDestination, formatHost } from "../src/destinations/host.ts";
import { DENIED_HEADER } from "../src/destinations/refusal.ts";
import { type AnswerFraming, framingFields } from "./answer-framing.ts";
import { type Field, framingOf, type RequestHead, type ResponseHead, valuesOf } from "./head.ts";

/** A request for one HTTP exchange, with its destination. `path` starts with a slash. */
export interface ExchangeRequest extends RequestHead {
  readonly destination: Destination;
  readonly path: string;
  /** True if the host is spoken with over TLS, whose port is then left out of its Host. */
  readonly isSecure?: boolean;
  /** Fields that the proxy adds. No Connection header of the client takes them out. */
  readonly added?: readonly Field[];
  /** Masks secrets in text of the response's head. Default: there are none. */
  readonly mask?: (text: string) => string;
}

/** Fields of one connection, in addition to those that a Connection header names. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
]);
/** Fields that the proxy writes itself, whatever a Connection header says. */
const OWN_REQUEST_FIELDS = new Set(["host", "content-length", "transfer-encoding"]);
/** The same for responses, with the marks of the proxy's refusals, which no host may imitate. */
const OWN_RESPONSE_FIELDS = new Set([
  "content-length",
  "transfer-encoding",
  DENIED_HEADER.toLowerCase(),
]);

/** Tests whether a request asks for a WebSocket, the only upgrade that is forwarded. */
export function wantsWebSocket({ method, fields }: RequestHead): boolean {
  const upgrade = valuesOf(fields, "upgrade");
  return (
    method === "GET" &&
    upgrade.length === 1 &&
    upgrade[0]?.toLowerCase() === "websocket" &&
    connectionOptions(fields).has("upgrade")
  );
}

/**
 * Writes the head for the host: its own path and Host, one length, and no fields of the connection.
 */
export function writeRequestHead(request: ExchangeRequest, upgrade: boolean): string {
  const { destination, fields, isSecure = false, added = [] } = request;
  const usual = isSecure ? 443 : 80;
  const host =
    destination.port === usual ? formatHost(destination.host) : formatDestination(destination);
  const framing = framingOf(fields);
  const own: Field[] = [["host", host]];
  if (framing.kind === "length") own.push(["content-length", String(framing.bytes)]);
  if (framing.kind === "chunked") own.push(["transfer-encoding", "chunked"]);
  const passed = endToEnd(fields).filter(([name]) => !OWN_REQUEST_FIELDS.has(name));
  return write(`${request.method} ${request.path} HTTP/1.1`, [
    ...own,
    ...passed,
    ...added,
    ...connection(upgrade),
  ]);
}

/** Writes the head for the client, without the fields that only the proxy may set. */
export function writeResponseHead(response: ResponseHead, framing: AnswerFraming): string {
  const { status, reason, fields } = response;
  return write(`HTTP/1.1 ${status} ${reason}`, [
    ...passedOn(fields),
    ...framingFields(framing, fields),
    ...connection(false),
  ]);
}

/** Writes the head of an interim response. It has no body and no fields of the connection. */
export function writeInterimHead({ status, reason, fields }: ResponseHead): string {
  return write(`HTTP/1.1 ${status} ${reason}`, passedOn(fields));
}

/** Writes the head of a response that switches to the WebSocket protocol. */
export function writeSwitchHead({ status, reason, fields }: ResponseHead): string {
  return write(`HTTP/1.1 ${status} ${reason}`, [...passedOn(fields), ...connection(true)]);
}

function passedOn(fields: readonly Field[]): Field[] {
  return endToEnd(fields).filter(([name]) => !OWN_RESPONSE_FIELDS.has(name));
}

function connection(upgrade: boolean): Field[] {
  if (!upgrade) return [["connection", "close"]];
  return [
    ["connection", "Upgrade"],
    ["upgrade", "websocket"],
  ];
}

function endToEnd(fields: readonly Field[]): Field[] {
  const named = connectionOptions(fields);
  return fields.filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name));
}

function connectionOptions(fields: readonly Field[]): Set<string> {
  const options = valuesOf(fields, "connection").flatMap((value) => value.split(","));
  return new Set(options.map((option) => option.trim().toLowerCase()));
}

function write(first: string, fields: readonly Field[]): string {
  return `${[first, ...fields.map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n`;
}
