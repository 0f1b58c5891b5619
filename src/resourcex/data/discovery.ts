import { LRUCache } from "lru-cache";
import { messageOf } from "../../base/errors.ts";
import { RegistryError } from "../base/resourcex-errors.ts";
import { type FetchLimits, fetchBytes } from "./bounded-fetch.ts";

const MAX_BYTES = 65_536;
const MAX_ENDPOINTS = 8;
const REMEMBERED = { max: 1_000, ttl: 300_000 };

export type WellKnown = (domain: string) => string;

export const overHttps: WellKnown = (domain) => `https://${domain}/.well-known/resourcex`;

export interface DiscoveryOptions extends Pick<FetchLimits, "timeout"> {
  readonly isTrusted: boolean;
}

/** Finds the registries that a domain lists itself. Keeps each list for five minutes. */
export class Discovery {
  readonly #endpoints: LRUCache<string, readonly URL[]>;

  /** Makes it without requests. With `isTrusted`, domains may be on loopback, without TLS. */
  constructor(wellKnown: WellKnown, { timeout, isTrusted }: DiscoveryOptions) {
    const within = { timeout, isTrusted, maxBytes: MAX_BYTES };
    this.#endpoints = new LRUCache({
      ...REMEMBERED,
      fetchMethod: (domain) => ask(new URL(wellKnown(domain)), within),
    });
  }

  /**
   * Returns a domain's registries; none if it lists none. Rejects with a `RegistryError`, which is
   * not cached.
   */
  async endpoints(domain: string): Promise<readonly URL[]> {
    return (await this.#endpoints.fetch(domain)) ?? [];
  }
}

async function ask(
  url: URL,
  { isTrusted, ...limits }: DiscoveryOptions & Pick<FetchLimits, "maxBytes">,
): Promise<readonly URL[]> {
  const body = await fetchBytes(url, { ...limits, trusted: isTrusted ? url.origin : undefined });
  if (body === undefined) return [];
  try {
    const { registries } = JSON.parse(body.toString());
    if (!Array.isArray(registries)) throw new Error('"registries" is not a list');
    return registries.slice(0, MAX_ENDPOINTS).map((endpoint) => new URL(endpoint));
  } catch (error) {
    throw new RegistryError(`${url.href}: ${messageOf(error)}`, { cause: error });
  }
}
