import { type Destination, formatHost } from "./host.ts";
import { coversHost, type HostEntry, knownEntry } from "./host-entry.ts";

/** Verdict of the list: `allowed`, or the part of the destination that is not on it. */
export type AllowVerdict = "allowed" | "host-not-allowed" | "port-not-allowed";

/**
 * Destinations that a policy grants, in the grammar of `parseEntry`. `*` includes every name but no
 * address: an address needs its own entry.
 *
 * @example new Allowlist(["*.example.org:443"]).verdict(parseAuthority("a.b.example.org:443"));
 */
export class Allowlist {
  readonly #entries: readonly HostEntry[];

  /** @throws {HostError} naming the first entry that is none. */
  constructor(entries: readonly string[]) {
    this.#entries = entries.map(knownEntry);
  }

  verdict({ host, port }: Destination): AllowVerdict {
    const text = formatHost(host);
    const isName = host.kind === "name";
    const matching = this.#entries.filter(
      (entry) => (isName || entry.host !== "*") && coversHost(entry.host, text),
    );
    if (matching.length === 0) return "host-not-allowed";
    return matching.some(({ ports }) => ports.includes(port)) ? "allowed" : "port-not-allowed";
  }
}
