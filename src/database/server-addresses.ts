import { isIP } from "node:net";
import { Lookups } from "../dns/lookups.ts";
import { nameServerResolver, type Resolver } from "../dns/resolve.ts";
import type { DatabaseHost } from "../protocol/database-target.ts";

/** Milliseconds for one name. */
const FOUND_WITHIN = 5_000;
/** Addresses of a name that are tried. */
const MOST = 4;

/** A server by the name it goes by and is checked by, and the address it is dialled at. */
export interface ServerAddress {
  readonly host: DatabaseHost;
  readonly address: string;
}

/** Gives the places of a host, in the order to try them; rejects if there is none. */
export type Find = (host: DatabaseHost) => Promise<readonly ServerAddress[]>;

/**
 * Finds servers without `getaddrinfo`: a name server that says nothing would hold the threads that
 * file operations of this process need.
 */
export class ServerAddresses {
  readonly #lookups: Lookups;
  readonly #closing = new AbortController();

  constructor(resolver: Resolver = nameServerResolver()) {
    this.#lookups = new Lookups(resolver);
  }

  /** Looks each host up once, for one login and what belongs to it. Owners do not wait for each other. */
  finder(owner: string): Find {
    const found = new Map<DatabaseHost, Promise<readonly ServerAddress[]>>();
    return (host) => {
      const places = found.get(host) ?? this.#find(host, owner);
      found.set(host, places);
      return places;
    };
  }

  /** Gives up what is under way. */
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
