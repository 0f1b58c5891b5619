import { hash as digest, randomBytes, timingSafeEqual } from "node:crypto";

const FORM = /^isolate_((?:[0-9a-f]{2})?[0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** A key in two parts: the public id and the secret. */
export interface TenantKey {
  readonly id: string;
  readonly secret: string;
}

/**
 * Makes a key. Its id begins with the two digits of a cell, by which a front door finds the cell.
 * Without cells it has none, which servers of earlier versions would not accept.
 */
export function newKey(cell = ""): TenantKey {
  const id = `${cell}${randomBytes(8).toString("hex")}`;
  return { id, secret: randomBytes(32).toString("base64url") };
}

/**
 * Formats a key as the text that its owner sees once.
 *
 * @example formatKey({ id: "0123456789abcdef", secret }) // "isolate_0123456789abcdef_…"
 */
export function formatKey({ id, secret }: TenantKey): string {
  return `isolate_${id}_${secret}`;
}

/** Parses a key's text. Returns `undefined` if it is no key. */
export function parseKey(text: string): TenantKey | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Computes SHA-256 in hexadecimal digits. A secret of 32 random bytes needs no slower hash. */
export function hashOf(secret: string): string {
  return digest("sha256", secret, "hex");
}

/** Tells whether a secret has that hash. The time does not depend on how much of it matches. */
export function isSecretOf(hash: string, secret: string): boolean {
  const given = Buffer.from(hashOf(secret), "hex");
  const known = Buffer.from(hash, "hex");
  return known.length === given.length && timingSafeEqual(given, known);
}
