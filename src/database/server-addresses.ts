import { isIP } from "node:net";
import { Lookups } from "../dns/lookups.ts";
import { nameServerResolver, type Resolver } from "../dns/resolve.ts";
import type { DatabaseHost } from "../protocol/database-target.ts";

/** Milliseconds to look up one name. */
const FOUND_WITHIN = 5_000;
/** Most addresses of a name that are tried. */
const MOST = 4;

/** A server: the name that its certificate must have, and the address that is dialled. */
export interface ServerAddress {
  readonly host: DatabaseHost;
  readonly address: string;
}

/** Returns the addresses of a host in the order to try them. Rejects if there is none. */
export type Find = (host: DatabaseHost) => Promise<readonly ServerAddress[]>;

/**
 * Looks servers up without `getaddrinfo`. A silent name server would block the threads that this
 * process needs for file operations.
 */
export class ServerAddresses {
  readonly #lookups: Lookups;
  readonly #closing = new AbortController();

  constructor(resolver: Resolver = nameServerResolver()) {
    this.#lookups = new Lookups(resolver);
  }

  /**
   * Makes a function that looks each host up once, for one login and its control connection. Owners
   * do not wait for each other.
   */
  finder(owner: string): Find {
    const found = new Map<DatabaseHost, Promise<readonly ServerAddress[]>>();
    return (host) => {
      const places = found.get(host) ?? this.#find(host, owner);
      found.set(host, places);
      return places;
    };
  }

  /** Cancels the lookups under way. */
  close(): void {
    this.#closing.abort(new Error("The server is shutting down"));
  }

  async #find(host: DatabaseHost, owner: string): Promise<readonly ServerAddress[]> {
    if (isIP(host.host) !== 0) return [{ host, address: host.host }];
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(FOUND_WITHIN)]);
    const asker = { owner, run: "", signal };
    const addresses = await this.#lookups.lookup(nameOf(host), asker);
    return addresses.slice(0, MOST).map((address) => ({ host, address }));
  }
}

function nameOf({ host }: DatabaseHost): string {
  return host.toLowerCase().replace(/\.$/, "");
}
