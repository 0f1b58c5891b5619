import { type Classifier, classify } from "../destinations/address-class.ts";
import {
  accepted,
  formatDestination,
  formatHost,
  parseAuthority,
  parseHost,
} from "../destinations/host.ts";
import { sparingHost, sparingNetworks } from "../destinations/host-addresses.ts";
import type { HostEntry } from "../destinations/host-entry.ts";
import { isLocal } from "../destinations/local.ts";
import type { EgressPlaces } from "./plan-types.ts";

/** Address of names that lead to this machine although no operator lists them. */
const LOOPBACK = "127.0.0.1";

/** Rules of an operator, read once: names and destinations in their normal spelling. */
interface EgressRules {
  readonly hosts: ReadonlyMap<string, string>;
  readonly opened: ReadonlySet<string>;
  /** Addresses of the host that this process cannot see. */
  readonly own: readonly string[];
}

const NOWHERE: EgressRules = { hosts: new Map(), opened: new Set(), own: [] };
const read = new WeakMap<EgressPlaces, EgressRules>();
/** Created on first use, because not every program with this module may list interfaces. */
let judge: Classifier | undefined;

/**
 * Explains why the proxy would refuse every connection to an entry of `net`. Returns `undefined` if
 * one may be allowed. A name without a fixed address is unknown until it is resolved.
 *
 * @example
 * unreachable({ host: "10.0.0.8", ports: [80] }, { hosts: {}, private: ["10.0.0.8:80"] }) // undefined
 * @example
 * unreachable({ host: "169.254.169.254", ports: [80] }, undefined) // "leads to a cloud's metadata service: …"
 */
export function unreachable(
  { host, ports }: Pick<HostEntry, "host" | "ports">,
  places: EgressPlaces | undefined,
  /** Default: the classifier of the proxy, as far as this process sees the host. */
  classifier?: Classifier,
): string | undefined {
  if (host.startsWith("*")) return undefined;
  const { hosts, opened, own } = places === undefined ? NOWHERE : placesOf(places);
  const address = hosts.get(host) ?? addressOf(host);
  const kind =
    address === undefined ? "public" : sparingNetworks(classifier ?? ownJudge(), own)(address);
  switch (kind) {
    case "public":
      return undefined;
    case "private":
      if (ports.some((port) => opened.has(`${host}:${port}`))) return undefined;
      return "leads to a private address that the operator has not opened";
    case "metadata":
      return "leads to a cloud's metadata service: nobody is let through to one";
    case "special":
      return "leads to no public address: nobody is let through to it";
  }
}

function ownJudge(): Classifier {
  judge ??= sparingHost(classify);
  return judge;
}

/** Finds the address of a host without a name server. */
function addressOf(host: string): string | undefined {
  if (/^\[|^[\d.]+$/.test(host)) return host.replace(/^\[|\]$/g, "");
  return isLocal(host) ? LOOPBACK : undefined;
}

function placesOf(places: EgressPlaces): EgressRules {
  const known = read.get(places);
  if (known !== undefined) return known;
  // An entry without a host or a port opens nothing; the proxy would not start with it.
  const hosts = Object.entries(places.hosts).flatMap(([name, to]) => {
    const host = accepted(() => parseHost(name));
    return host === undefined ? [] : [[formatHost(host), to] as const];
  });
  const opened = places.private.flatMap(
    (text) => accepted(() => [formatDestination(parseAuthority(text))]) ?? [],
  );
  const fresh = { hosts: new Map(hosts), opened: new Set(opened), own: places.own ?? [] };
  read.set(places, fresh);
  return fresh;
}
