import { METADATA_ADDRESS } from "./egress-laboratory.ts";

/** Lists spellings of an IPv4 address that every parser accepts. */
export function canonical(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = octets(address);
  const hex = (high: number, low: number): string => (high * 256 + low).toString(16);
  return [
    address,
    `[::ffff:${address}]`,
    `[::FFFF:${hex(a, b).toUpperCase()}:${hex(c, d)}]`,
    `[0:0:0:0:0:ffff:${hex(a, b)}:${hex(c, d)}]`,
  ];
}

/** Lists spellings that become the address in a browser, in `inet_aton`, or in another parser. */
export function repaired(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = octets(address);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const each = (spell: (octet: number) => string): string => octets(address).map(spell).join(".");
  const wide = address.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  return [
    `${number}`,
    `0x${number.toString(16)}`,
    `0X${number.toString(16).toUpperCase()}`,
    `0${number.toString(8)}`,
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    each((octet) => `0x${octet.toString(16)}`),
    each((octet) => `0${octet.toString(8)}`),
    each((octet) => `000${octet.toString(8)}`),
    `0x${a.toString(16)}.${b}.0${c.toString(8)}.${d}`,
    `${address}.`,
    address.replace(/^\d/, (digit) => `%3${digit}`),
    address.replaceAll(".", "%2E"),
    wide,
    encodeURIComponent(wide),
    address.replaceAll(".", "。"),
    `up.test@${address}`,
    `up.test:80@${address}`,
    `[::ffff:${address}%eth0]`,
    `[::ffff:${address}%25eth0]`,
  ];
}

/**
 * Addresses that lead to the metadata service through a translator, or to another cloud's. None is
 * in the laboratory.
 */
export const ELSEWHERE = [
  `[64:ff9b::${METADATA_ADDRESS}]`,
  "[64:ff9b::a9fe:a9fe]",
  `[::ffff:0:${METADATA_ADDRESS}]`,
  "[2002:a9fe:a9fe::]",
  "[fd00:ec2::254]",
  "[FD00:0EC2::0254]",
  "[fe80::a9fe:a9fe]",
  "168.63.129.16",
  "100.100.100.200",
];

/**
 * Spellings of names for the same two addresses. Only some parsers repair those of the second list.
 */
export const NAMES = ["imds.test", "IMDS.test", "inner.test"];
export const REPAIRED_NAMES = ["imds.test.", "ｉｍｄｓ.test", "%69mds.test", "up.test@inner.test"];

function octets(address: string): number[] {
  return address.split(".").map(Number);
}
