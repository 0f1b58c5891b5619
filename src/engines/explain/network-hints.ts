import type { Fault } from "../../protocol/messages.ts";
import { egressWords } from "./egress-words.ts";

const LISTEN =
  'A sandbox cannot listen, and has no UDP: it connects out, by fetch, WebSocket or Deno.connect; executions reach each other by the "channel" tool';
const NAMES =
  'A sandbox resolves no names: node:net, node:http and the like connect to a host and port that "permissions" names, and to none that a wildcard covers; fetch and WebSocket do so, too';
const BY_NAME =
  'Raw connections go to a host and port that "permissions" names: add {"net":["host:port"]}, a wildcard is not enough';

/** Hint for a destination that only an operator can open, or nobody. */
export const NOT_PUBLIC = "This address is not public: no permission is enough for it";

/** Matches a stack whose top is one of these functions of the runtime. */
const within = (names: string): RegExp => new RegExp(`^[^\\n]*\\n\\s+at (?:${names}) \\(ext:`);

/**
 * Hints selected by the stack, where the message does not tell whether code connected, listened or
 * resolved.
 */
const TOLD_BY_STACK: readonly (readonly [stack: RegExp, hint: string])[] = [
  [within("(?:Object\\.)?listen(?:Tls)?|_createServerHandle|UDP\\.#doBind"), LISTEN],
  [within("Object\\.resolveDns"), NAMES],
];

/** Hints selected by the message of the runtime or of a tunnel. */
const TOLD_BY_MESSAGE: readonly (readonly [name: string, message: RegExp, hint: string])[] = [
  ["NotCapable", /^Requires net access to "(?:0\.0\.0\.0|\[::\]):/, LISTEN],
  ["TypeError", /^Deno\.listenDatagram is not a function$/, LISTEN],
  ["Error", /^getaddrinfo [A-Z_]+ /, NAMES],
  ["Error", /^(?:query[A-Z]\w*|getHostByAddr|getnameinfo) [A-Z]+ /, NAMES],
  ["Error", /^connect ENETUNREACH /, NAMES],
  ["Error", /^failed to lookup address information/, BY_NAME],
  ["NetworkUnreachable", /^Network is unreachable/, BY_NAME],
  ["ConnectionRefused", /^The egress proxy refused \S+: (?:METADATA|ADDRESS_NOT)_/, NOT_PUBLIC],
];

/**
 * Tells code that expects a machine on a network what a sandbox offers instead; `undefined` for
 * other failures.
 *
 * @example
 * networkHint({ name: "Error", message: "getaddrinfo EPERM x.org" })?.slice(0, 28) // "A sandbox resolves no names:"
 */
export function networkHint({ name, message, stack = "" }: Fault): string | undefined {
  const told = TOLD_BY_MESSAGE.find(([usual, words]) => name === usual && words.test(message))?.[2];
  if (told === undefined && name === "ConnectionRefused") return tunnelHint(message);
  if (told !== undefined || name !== "NotCapable") return told;
  return TOLD_BY_STACK.find(([where]) => where.test(stack))?.[1];
}

/** Tells cause and cure of a raw connection that the proxy refused. */
function tunnelHint(message: string): string | undefined {
  const [, code = ""] = /^The egress proxy refused \S+: ([A-Z_]+)/.exec(message) ?? [];
  const words = egressWords(code);
  return words && `${code}: ${words}`;
}
