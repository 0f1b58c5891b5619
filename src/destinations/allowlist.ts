import { type Destination, formatHost } from "./host.ts";
import { coversHost, type HostEntry, knownEntry } from "./host-entry.ts";

/** Why a destination is not on the list, or that it is. */
export type AllowVerdict = "allowed" | "host-not-allowed" | "port-not-allowed";

/**
 * The destinations a policy grants, as `parseEntry` reads them. `*` is every name and no address: an
 * address is granted by itself alone.
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
