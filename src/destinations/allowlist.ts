import { type Destination, formatHost, HostError, parseHost, parsePort } from "./host.ts";

/** Ports of an entry that names none. */
const DEFAULT_PORTS = [80, 443];

type Pattern =
  | { readonly kind: "any-name" }
  /** `suffix` starts with a dot, so it never matches the apex. */
  | { readonly kind: "subdomains"; readonly suffix: string }
  | { readonly kind: "exact"; readonly host: string };

interface Entry {
  readonly pattern: Pattern;
  readonly ports: readonly number[];
}

/** Why a destination is not on the list, or that it is. */
export type AllowVerdict = "allowed" | "host-not-allowed" | "port-not-allowed";

/**
 * The destinations a policy grants. An entry is a host with an optional port (80 and 443 without
 * one): a name, `*.name` for its sub-domains at any depth but not itself, `*` for every name, or an
 * IP address, which only ever matches as an address.
 *
 * @example new Allowlist(["*.example.org:443"]).verdict(parseAuthority("a.b.example.org:443"));
 */
export class Allowlist {
  readonly #entries: readonly Entry[];

  /** @throws {HostError} naming the first entry that is none. */
  constructor(entries: readonly string[]) {
    this.#entries = entries.map(parseEntry);
  }

  verdict({ host, port }: Destination): AllowVerdict {
    const text = formatHost(host);
    const isName = host.kind === "name";
    const matching = this.#entries.filter(({ pattern }) => matches(pattern, text, isName));
    if (matching.length === 0) return "host-not-allowed";
    return matching.some(({ ports }) => ports.includes(port)) ? "allowed" : "port-not-allowed";
  }
}

function matches(pattern: Pattern, host: string, isName: boolean): boolean {
  if (pattern.kind === "exact") return pattern.host === host;
  if (!isName) return false;
  return pattern.kind === "any-name" || host.endsWith(pattern.suffix);
}

function parseEntry(entry: string): Entry {
  try {
    const colon = entry.indexOf(":", entry.startsWith("[") ? entry.indexOf("]") + 1 : 0);
    if (colon === -1) return { pattern: parsePattern(entry), ports: DEFAULT_PORTS };
    return {
      pattern: parsePattern(entry.slice(0, colon)),
      ports: [parsePort(entry.slice(colon + 1))],
    };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new HostError(`${JSON.stringify(entry)} is no host to allow: ${error.message}`);
  }
}

function parsePattern(text: string): Pattern {
  if (text === "*") return { kind: "any-name" };
  if (!text.startsWith("*.")) return { kind: "exact", host: formatHost(parseHost(text)) };
  const apex = parseHost(text.slice(2));
  if (apex.kind !== "name") throw new HostError("An address has no sub-domains");
  return { kind: "subdomains", suffix: `.${apex.name}` };
}
