import ipaddr from "ipaddr.js";

/**
 * Class of an address. `public` is dialled. `private` is dialled only if the operator named the
 * destination. `metadata` and `special` are never dialled.
 */
export type AddressClass = "public" | "private" | "metadata" | "special";

/** Classifies an address as a resolver returns it: no brackets, no port. */
export type Classifier = (address: string) => AddressClass;

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Networks where clouds give credentials to their machines. Whole link-local ranges are included: a
 * sandbox needs nothing there, and new vendors will use them.
 */
const METADATA = networks([
  "169.254.0.0/16", // most clouds; ECS, EKS and Tencent use the same prefix
  "168.63.129.16/32", // Azure's wire server
  "100.100.100.200/32", // Alibaba
  "192.0.0.192/32", // Oracle classic
  "fe80::/10",
  "fd00:ec2::/32", // AWS
  "fd20:ce::254/128", // Google
  "fd00:c1::a9fe:a9fe/128", // Oracle
  "fd00:42::42/128", // Scaleway
]);

/**
 * The only IPv6 block with assigned public addresses. The library also calls unassigned ones
 * "unicast".
 */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/** Ranges of addresses that private services may have. */
const PRIVATE_RANGES = new Set(["private", "loopback", "uniqueLocal", "carrierGradeNat"]);

/**
 * Returns the class of an address. Text that is not a canonical address is `special`. So is an IPv6
 * address that contains an IPv4 one, unless that is a metadata address.
 *
 * @example classify("::ffff:169.254.169.254"); // "metadata"
 */
export const classify: Classifier = (text) => {
  const address = parseAddress(text);
  if (address === undefined) return "special";
  if (isMetadata(address)) return "metadata";
  if (address instanceof ipaddr.IPv6) {
    const embedded = embeddedIPv4(address);
    if (embedded !== undefined) return isMetadata(embedded) ? "metadata" : "special";
    if (address.range() === "unicast") return address.match(GLOBAL_IPV6) ? "public" : "special";
  }
  const range = address.range();
  if (range === "unicast") return "public";
  return PRIVATE_RANGES.has(range) ? "private" : "special";
};

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  // A zone would be part of the dialled address, but of no comparison.
  if (text.includes("%") || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text);
}

function isMetadata(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return METADATA.some(([network, bits]) => {
    return network.kind() === address.kind() && address.match(network, bits);
  });
}

/** Returns the IPv4 address to which a translator or tunnel would send the packet. */
function embeddedIPv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray();
  switch (address.range()) {
    case "6to4":
      return new ipaddr.IPv4(bytes.slice(2, 6));
    case "teredo":
      return new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff));
    case "ipv4Mapped":
    case "rfc6145":
    case "rfc6052":
      return new ipaddr.IPv4(bytes.slice(12));
    case "loopback":
    case "unspecified":
      return undefined;
    default:
      return address.match(IPV4_COMPATIBLE) ? new ipaddr.IPv4(bytes.slice(12)) : undefined;
  }
}

function networks(texts: readonly string[]): Network[] {
  return texts.map((text) => ipaddr.parseCIDR(text));
}
