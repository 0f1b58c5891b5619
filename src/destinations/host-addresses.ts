import { isIP } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import type { Classifier } from "./address-class.ts";

/** Lists the host's interfaces, as `os.networkInterfaces` does. */
export type ListInterfaces = () => Partial<Record<string, readonly NetworkInterfaceInfo[]>>;

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Milliseconds for which the list holds. Addresses change, and each connection asks. */
const LISTED_FOR = 10_000;
/**
 * Fewest prefix bits of a link's network. Tunnels may have shorter ones, as wide as half of the
 * internet.
 */
const SHORTEST_LINK = 32;

/**
 * Wraps `judge`: addresses of this host are private, and with IPv6 also those of its links. A
 * connection from this host would bypass the firewall that protects them from outside.
 *
 * @throws {Error} if the interfaces cannot be listed.
 */
export function sparingHost(
  judge: Classifier,
  list: ListInterfaces = networkInterfaces,
): Classifier {
  let own = ownNetworks(list());
  let listed = performance.now();
  return sparing(judge, () => {
    if (performance.now() - listed > LISTED_FOR) {
      own = ownNetworks(list());
      listed = performance.now();
    }
    return own;
  });
}

/**
 * Wraps `judge`: these addresses and networks are private.
 *
 * @throws {Error} for text that is neither.
 */
export function sparingNetworks(judge: Classifier, texts: readonly string[]): Classifier {
  const own = texts.map(parseNetwork);
  return own.length === 0 ? judge : sparing(judge, () => own);
}

/** Tells whether text is an address, or a network as `address/bits`. */
export function isNetwork(text: string): boolean {
  const [address = "", ...bits] = text.split("/");
  if (isIP(address) === 0 || text.includes("%")) return false;
  return bits.length === 0 || ipaddr.isValidCIDR(text);
}

function parseNetwork(text: string): Network {
  if (!isNetwork(text)) throw new Error(`${JSON.stringify(text)} is no address and no network`);
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  return [ipaddr.parse(text), isIP(text) === 6 ? 128 : 32] as Network;
}

function sparing(judge: Classifier, own: () => readonly Network[]): Classifier {
  return (address) => {
    const verdict = judge(address);
    if (verdict !== "public") return verdict;
    const parsed = ipaddr.parse(address);
    const isOwn = own().some(([network, bits]) => {
      return network.kind() === parsed.kind() && parsed.match(network, bits);
    });
    return isOwn ? "private" : "public";
  };
}

function ownNetworks(interfaces: ReturnType<ListInterfaces>): Network[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return all.flatMap(({ address, cidr, family }) => {
    const alone = ipaddr.parseCIDR(`${address.split("%")[0]}/${family === "IPv6" ? 128 : 32}`);
    if (family !== "IPv6" || cidr === null) return [alone];
    const link = ipaddr.parseCIDR(cidr.replace(/%[^/]*/, ""));
    return link[1] >= SHORTEST_LINK ? [link] : [alone];
  });
}
