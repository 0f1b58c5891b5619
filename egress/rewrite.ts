import { type Destination, formatDestination, formatHost } from "../src/destinations/host.ts";
import { DENIED_HEADER } from "../src/destinations/refusal.ts";
import { type AnswerFraming, framingFields } from "./answer-framing.ts";
import { type Field, framingOf, type RequestHead, type ResponseHead, valuesOf } from "./head.ts";

/** A request for one HTTP exchange, and where it goes. `path` starts with a slash. */
export interface ExchangeRequest extends RequestHead {
  readonly destination: Destination;
  readonly path: string;
}

/** What concerns one connection and not the next, beside what a Connection header names. */
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
/** What is written by the proxy itself, whatever a Connection header says of it. */
const OWN_REQUEST_FIELDS = new Set(["host", "content-length", "transfer-encoding"]);
/** Likewise, and what says that the proxy refuses something: no host may say that in its place. */
const OWN_RESPONSE_FIELDS = new Set([
  "content-length",
  "transfer-encoding",
  DENIED_HEADER.toLowerCase(),
]);

/** Whether a request asks to become a WebSocket, the one upgrade that is passed on. */
export function wantsWebSocket({ method, fields }: RequestHead): boolean {
  const upgrade = valuesOf(fields, "upgrade");
  return (
    method === "GET" &&
    upgrade.length === 1 &&
    upgrade[0]?.toLowerCase() === "websocket" &&
    connectionOptions(fields).has("upgrade")
  );
}

/** The head the host gets: its own path and Host, one statement of the length, and no more hops. */
export function writeRequestHead(request: ExchangeRequest, upgrade: boolean): string {
  const { destination, fields } = request;
  const host =
    destination.port === 80 ? formatHost(destination.host) : formatDestination(destination);
  const framing = framingOf(fields);
  const own: Field[] = [["host", host]];
  if (framing.kind === "length") own.push(["content-length", String(framing.bytes)]);
  if (framing.kind === "chunked") own.push(["transfer-encoding", "chunked"]);
  const passed = endToEnd(fields).filter(([name]) => !OWN_REQUEST_FIELDS.has(name));
  return write(`${request.method} ${request.path} HTTP/1.1`, [
    ...own,
    ...passed,
    ...connection(upgrade),
  ]);
}

/** The head the client gets, without what only the proxy may say. */
export function writeResponseHead(response: ResponseHead, framing: AnswerFraming): string {
  const { status, reason, fields } = response;
  return write(`HTTP/1.1 ${status} ${reason}`, [
    ...passedOn(fields),
    ...framingFields(framing, fields),
    ...connection(false),
  ]);
}

/** The head of an interim answer, which says nothing about the connection and has no body. */
export function writeInterimHead({ status, reason, fields }: ResponseHead): string {
  return write(`HTTP/1.1 ${status} ${reason}`, passedOn(fields));
}

/** The head of an answer that switches to the protocol of WebSockets. */
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
