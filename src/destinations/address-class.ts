import ipaddr from "ipaddr.js";

/**
 * What an address is to the proxy. `public` is dialled; `private` only where the operator named the
 * destination; `metadata` and `special` never.
 */
export type AddressClass = "public" | "private" | "metadata" | "special";

/** Judges one address as a resolver gives it: no brackets, no port. */
export type Classifier = (address: string) => AddressClass;

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Where clouds hand their machines credentials. Whole link-local ranges are among them: nothing a
 * sandbox may need is there, and the next vendor's address will be.
 */
const METADATA = networks([
  "169.254.0.0/16", // nearly everybody's, and ECS, EKS and Tencent below the same prefix
  "168.63.129.16/32", // Azure's wire server
  "100.100.100.200/32", // Alibaba
  "192.0.0.192/32", // Oracle classic
  "fe80::/10",
  "fd00:ec2::/32", // AWS
  "fd20:ce::254/128", // Google
  "fd00:c1::a9fe:a9fe/128", // Oracle
  "fd00:42::42/128", // Scaleway
]);

/** The only IPv6 block that is handed out; all else the library calls "unicast" is unassigned. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/** Ranges in which somebody may run a service of their own. */
const PRIVATE_RANGES = new Set(["private", "loopback", "uniqueLocal", "carrierGradeNat"]);

/**
 * Tells what an address is. Text that is no address in canonical form is `special`, and so is an
 * IPv6 address that merely carries an IPv4 one, unless that is a metadata address.
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
  // A zone would be part of what is dialled, and of no comparison.
  if (text.includes("%") || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text);
}

function isMetadata(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return METADATA.some(([network, bits]) => {
    return network.kind() === address.kind() && address.match(network, bits);
  });
}

/** The IPv4 address a translator or tunnel would take the packet to. */
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
