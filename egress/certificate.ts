import { type KeyObject, randomBytes, sign } from "node:crypto";
import {
  Boolean as Asn1Boolean,
  Set as Asn1Set,
  BitString,
  Constructed,
  fromBER,
  Integer,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Utf8String,
} from "asn1js";
import ipaddr from "ipaddr.js";
import type { Host } from "../src/destinations/host.ts";

/** Contents of a certificate. */
export interface CertificateSpec {
  readonly issuer: string;
  readonly subject: string;
  /** Host that it is for. Absent for the certificate of an authority. */
  readonly host?: Host;
  readonly from: Date;
  readonly to: Date;
  readonly publicKey: KeyObject;
  /** The issuer's key, on the curve P-256. */
  readonly signingKey: KeyObject;
}

type Asn1 = Sequence["valueBlock"]["value"][number];

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const ALTERNATIVE_NAME = "2.5.29.17";
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
/** Bits of the usage, and how many of the last byte are unused. */
const SIGNS_CERTIFICATES = { bits: 0b0000_0100, unused: 2 };
const SIGNS = { bits: 0b1000_0000, unused: 7 };
/** Bytes of a serial number. */
const SERIAL = 16;
/** Classes of tags, and the tags of the two forms of a time. */
const UNIVERSAL = 1;
const CONTEXT = 3;
const UTC_TIME = 23;
const GENERALIZED_TIME = 24;
/** Tags of a name and of an address among the alternative names. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Writes a certificate of version 3 in PEM (RFC 5280). */
export function writeCertificate(spec: CertificateSpec): string {
  const algorithm = sequence(identifier(ECDSA_WITH_SHA256));
  const body = sequence(
    tagged(0, new Integer({ value: 2 })),
    new Integer({ valueHex: serialNumber() }),
    algorithm,
    nameOf(spec.issuer),
    sequence(timeOf(spec.from), timeOf(spec.to)),
    nameOf(spec.subject),
    fromBER(arrayOf(spec.publicKey.export({ format: "der", type: "spki" }))).result,
    tagged(3, sequence(...extensionsOf(spec.host))),
  );
  const signature = sign("sha256", bytesOf(body), spec.signingKey);
  const whole = sequence(body, algorithm, new BitString({ valueHex: arrayOf(signature) }));
  const lines =
    bytesOf(whole)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function extensionsOf(host: Host | undefined): Asn1[] {
  if (host === undefined) {
    const constraints = sequence(new Asn1Boolean({ value: true }), new Integer({ value: 0 }));
    return [
      extension(BASIC_CONSTRAINTS, true, constraints),
      extension(KEY_USAGE, true, usage(SIGNS_CERTIFICATES)),
    ];
  }
  return [
    extension(BASIC_CONSTRAINTS, true, sequence()),
    extension(KEY_USAGE, true, usage(SIGNS)),
    extension(EXTENDED_KEY_USAGE, false, sequence(identifier(SERVER_AUTHENTICATION))),
    extension(ALTERNATIVE_NAME, false, sequence(alternativeName(host))),
  ];
}

function alternativeName(host: Host): Asn1 {
  const isName = host.kind === "name";
  const bytes = isName ? Buffer.from(host.name) : ipaddr.parse(host.address).toByteArray();
  return new Primitive({
    idBlock: { tagClass: CONTEXT, tagNumber: isName ? DNS_NAME : IP_ADDRESS },
    valueHex: arrayOf(Uint8Array.from(bytes)),
  });
}

function extension(id: string, isCritical: boolean, value: Asn1): Asn1 {
  const critical = isCritical ? [new Asn1Boolean({ value: true })] : [];
  return sequence(
    identifier(id),
    ...critical,
    new OctetString({ valueHex: arrayOf(bytesOf(value)) }),
  );
}

function usage({ bits, unused }: { bits: number; unused: number }): Asn1 {
  return new BitString({ valueHex: arrayOf(Uint8Array.of(bits)), unusedBits: unused });
}

function nameOf(text: string): Asn1 {
  const attribute = sequence(identifier(COMMON_NAME), new Utf8String({ value: text }));
  return sequence(new Asn1Set({ value: [attribute] }));
}

/** Writes a time without fractions of a second. The form with two digits of the year ends in 2049. */
function timeOf(date: Date): Asn1 {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  const isShort = date.getUTCFullYear() < 2_050;
  return new Primitive({
    idBlock: { tagClass: UNIVERSAL, tagNumber: isShort ? UTC_TIME : GENERALIZED_TIME },
    valueHex: arrayOf(Buffer.from(isShort ? text.slice(2) : text)),
  });
}

/** Returns a positive number at random. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(SERIAL);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return arrayOf(bytes);
}

function identifier(value: string): Asn1 {
  return new ObjectIdentifier({ value });
}

function sequence(...value: Asn1[]): Sequence {
  return new Sequence({ value });
}

function tagged(tagNumber: number, value: Asn1): Asn1 {
  return new Constructed({ idBlock: { tagClass: CONTEXT, tagNumber }, value: [value] });
}

function bytesOf(value: Asn1): Buffer {
  return Buffer.from(value.toBER());
}

/** Copies bytes to a buffer of their own. */
function arrayOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
