import { isIP } from "node:net";
import { type Lookup, withStaticHosts } from "../dns/resolve.ts";
import { type Classifier, classify } from "./address-class.ts";
import type { OperatorRules } from "./admit.ts";
import { formatDestination, HostError, parseAuthority, parseHost } from "./host.ts";
import { isNetwork, sparingNetworks } from "./host-addresses.ts";

/** Operator's settings as written, and the functions to apply them. */
export interface OperatorRulesOptions {
  readonly hosts: Readonly<Record<string, string>>;
  readonly private: readonly string[];
  /** Addresses and networks that count as private. */
  readonly own?: readonly string[] | undefined;
  readonly lookup: Lookup;
  readonly classify: Classifier;
}

/**
 * Parses the operator's settings. A mistake stops the start, because a wrong setting would protect
 * nothing.
 *
 * @throws {HostError} naming the entry, above all one that leads to a metadata address.
 */
export function readOperatorRules(options: OperatorRulesOptions): OperatorRules {
  const stranger = options.own?.find((text) => !isNetwork(text));
  if (stranger !== undefined) throw new HostError(`own: ${stranger} is no address and no network`);
  const hosts = new Map(Object.entries(options.hosts).map(readHost));
  return {
    lookup: withStaticHosts(hosts, options.lookup),
    classify: sparingNetworks(options.classify, options.own ?? []),
    privateDestinations: new Set(options.private.map(readPrivate)),
  };
}

function readHost([name, address]: [string, string]): [string, string] {
  const host = named(`hosts: ${JSON.stringify(name)}`, () => parseHost(name));
  if (host.kind !== "name") throw new HostError(`hosts: ${name} is an address and no name`);
  if (typeof address !== "string" || isIP(address) === 0) {
    throw new HostError(`hosts: ${name} leads to ${JSON.stringify(address)}, which is no address`);
  }
  refuseMetadata(address, `hosts: ${name} leads to ${address}`);
  return [host.name, address];
}

function readPrivate(entry: string): string {
  const destination = named(`private: ${JSON.stringify(entry)}`, () => parseAuthority(entry));
  const { host } = destination;
  if (host.kind === "address") refuseMetadata(host.address, `private: ${entry}`);
  return formatDestination(destination);
}

/** Refuses metadata addresses by the real classifier, even if `options.classify` is another one. */
function refuseMetadata(address: string, what: string): void {
  if (classify(address) !== "metadata") return;
  throw new HostError(`${what}: a cloud's metadata address can never be allowed`);
}

function named<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof HostError) throw new HostError(`${what}: ${error.message}`);
    throw error;
  }
}
