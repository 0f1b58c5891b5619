import { type Classifier, classify } from "../destinations/address-class.ts";
import { sparingHost, sparingNetworks } from "../destinations/host-addresses.ts";
import { type HostEntry, parseEntry } from "../destinations/host-entry.ts";
import { isLocal } from "../destinations/local.ts";
import type { EgressPlaces } from "./plan-types.ts";

/** What is not written in the hosts of an operator, and leads to this machine all the same. */
const LOOPBACK = "127.0.0.1";

/** An operator's word, read once: names and destinations in their one spelling. */
interface EgressRules {
  readonly hosts: ReadonlyMap<string, string>;
  readonly opened: ReadonlySet<string>;
  /** Addresses of the host that nobody here sees. */
  readonly own: readonly string[];
}

const NOWHERE: EgressRules = { hosts: new Map(), opened: new Set(), own: [] };
const read = new WeakMap<EgressPlaces, EgressRules>();
/** Made when it is first asked: not every program that has this in it may list interfaces. */
let judge: Classifier | undefined;

/**
 * Why the proxy would refuse every connection to an entry of `net`, or nothing where one may be let
 * through. What a name leads to that has no fixed address is not known before it is looked up.
 *
 * @example
 * unreachable({ host: "10.0.0.8", ports: [80] }, { hosts: {}, private: ["10.0.0.8:80"] }) // undefined
 * @example
 * unreachable({ host: "169.254.169.254", ports: [80] }, undefined) // "leads to a cloud's metadata service: …"
 */
export function unreachable(
  { host, ports }: Pick<HostEntry, "host" | "ports">,
  places: EgressPlaces | undefined,
  /** Default: the one that the proxy goes by, as far as this process sees the host. */
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

/** What is known without asking a name server. */
function addressOf(host: string): string | undefined {
  if (/^\[|^[\d.]+$/.test(host)) return host.replace(/^\[|\]$/g, "");
  return isLocal(host) ? LOOPBACK : undefined;
}

function placesOf(places: EgressPlaces): EgressRules {
  const known = read.get(places);
  if (known !== undefined) return known;
  const hosts = Object.entries(places.hosts).map(([name, to]) => [name.toLowerCase(), to] as const);
  // What is no entry opens nothing; the proxy does not start with it.
  const entries = places.private.map(parseEntry).filter((entry) => typeof entry !== "string");
  const opened = entries.flatMap((entry) => entry.ports.map((port) => `${entry.host}:${port}`));
  const fresh = { hosts: new Map(hosts), opened: new Set(opened), own: places.own ?? [] };
  read.set(places, fresh);
  return fresh;
}
