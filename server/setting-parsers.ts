/** Parsers of environment variables. None of them quotes a value that may be secret. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf } from "../src/base/errors.ts";
import { isOrigin } from "../src/contract/cors.ts";
import { levels } from "../src/contract/tenants.ts";
import { MAX_CA } from "../src/protocol/egress-admin.ts";
import { hasServer, storeLocation } from "./store/location.ts";
import { DEFAULT_LEVELS } from "./tenants/secret-settings.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export const integer = z.string().regex(/^\d+$/, "Expected a whole number").transform(Number);
export const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/, "Expected a number")
  .transform(Number);

export const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ""));

/** A list, of which an empty one is absent. */
export const listOrNone = list.transform((parts) => (parts.length > 0 ? parts : undefined));

/** Levels of sandboxes. An empty list means the default. */
export const tenantLevels = list
  .transform((names) => (names.length > 0 ? names : [...DEFAULT_LEVELS]))
  .pipe(levels);

/** Cell that begins the ids of keys. */
export const cell = z.string().regex(/^[0-9a-f]{2}$/, "Expected two of 0-9 and a-f");

export const flag = z.enum(["true", "false"]).transform((value) => value === "true");

export const absolute = z.string().startsWith("/", "Expected an absolute path");

/** Path of a file with certificates in PEM, which is read at once. */
export const certificates = absolute.transform((path, context) => {
  try {
    const text = readFileSync(path, "utf8");
    for (const certificate of text.match(CERTIFICATE) ?? []) new X509Certificate(certificate);
    if (text.search(CERTIFICATE) !== -1 && text.length <= MAX_CA) return text;
    context.addIssue(`Expected 1 to ${MAX_CA} characters of certificates in PEM in ${path}`);
  } catch (error) {
    context.addIssue(`${path}: ${messageOf(error)}`);
  }
  return z.NEVER;
});

export const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue("Expected JSON");
    return z.NEVER;
  }
});

/** Location of the store: a `postgres://` URL, or a directory. */
export const location = z
  .string()
  .min(1)
  .transform((text, context) => {
    try {
      return storeLocation(text);
    } catch (error) {
      context.addIssue(messageOf(error));
      return z.NEVER;
    }
  });

/** URL of a store's server. */
export const serverLocation = location.refine(hasServer, {
  message: "Expected a postgres:// URL",
});

/** A JSON object of texts. */
export const texts = json.pipe(z.record(z.string(), z.string()));

/** Pairs `name=value`, separated by commas, in the format of OpenTelemetry. */
export const headers = list.transform((pairs, context) => {
  try {
    return Object.fromEntries(pairs.map((pair) => pairOf(pair)));
  } catch {
    context.addIssue("Expected name=value pairs, separated by commas");
    return z.NEVER;
  }
});

/** Secret key: at least 32 bytes, in hexadecimal digits or base64. Errors do not quote it. */
export const secretKey = z.string().transform((text, context) => {
  const isHex = /^([0-9a-f]{2})+$/i.test(text);
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  const bytes = Buffer.from(text, isHex ? "hex" : "base64");
  if ((isHex || isBase64) && bytes.length >= 32) return new Uint8Array(bytes);
  context.addIssue("Expected at least 32 bytes, as hexadecimal digits or base64");
  return z.NEVER;
});

/**
 * Key of the operator. Shorter ones could be guessed, and other characters do not fit into a
 * header.
 */
export const adminKey = z
  .string()
  .regex(/^[!-~]{32,1024}$/, "Expected 32 to 1024 characters, no spaces");

/** Host name with `*` as its first part. Its value is what follows. */
export const wildcardHost = z
  .string()
  .toLowerCase()
  .regex(/^\*(\.[a-z0-9-]{1,63})+$/, "Expected *. and a name, such as *.functions.example.com")
  .transform((text) => text.slice(2));

/** Origins of pages, or `*`. */
export const origins = list.refine(
  (given) => given.every((text) => text === "*" || isOrigin(text)),
  { message: "Expected origins, such as https://app.example.com, separated by commas, or *" },
);

export const httpUrl = z.url({ protocol: /^https?$/ });

/** A whole number within bounds. */
export function between(least: number, most?: number) {
  const bounded = z.int().min(least);
  return integer.pipe(most === undefined ? bounded : bounded.max(most));
}

/** Treats an empty text as absent, because Compose files pass it for none. */
export function orNone<T extends z.ZodType>(parser: T) {
  return z.preprocess((text) => text || undefined, parser);
}

function pairOf(pair: string): [name: string, value: string] {
  const middle = pair.indexOf("=");
  if (middle < 1) throw new Error("It has no name");
  const [name, value] = [pair.slice(0, middle), pair.slice(middle + 1)];
  return [name.trim(), decodeURIComponent(value.trim())];
}
