import { randomInt } from "node:crypto";
import { hashOf, isSecretOf } from "./tenant-key.ts";

/**
 * Prefix of a tenant's key, also of revoked and incomplete ones, which may be in text by mistake.
 */
const TENANT_KEY = /isolate_([0-9a-f]{2})?[0-9a-f]{16}_/i;
/** Text that may be a key in base64. */
const BASE64 = /[A-Za-z0-9+/_-]{24,}/g;
/** Possible starts of base64's groups of four. Characters of the same alphabet may come before. */
const OFFSETS = [0, 1, 2, 3];
const PERCENT = /%([0-9a-f]{2})/gi;
/** Modulus below 2^26, so that a product of two numbers stays exact. */
const MODULUS = 67_108_859;

/**
 * Finds this server's keys in text for code of tenants. It finds them as they are, in other case,
 * percent-encoded once or twice, and in base64. Its running time reveals nothing about the
 * operator's key.
 */
export class KeyFinder {
  readonly #length: number;
  readonly #hash: string;
  readonly #rolling: number;
  readonly #base = randomInt(1_000, MODULUS);
  /** Weight of the character that leaves the window. */
  readonly #weight: number;

  constructor(adminKey: string) {
    const key = adminKey.toLowerCase();
    this.#length = key.length;
    this.#hash = hashOf(key);
    this.#rolling = [...key].reduce((sum, char) => this.#add(sum, char.charCodeAt(0)), 0);
    let weight = 1;
    for (let n = 0; n < key.length; n += 1) weight = (weight * this.#base) % MODULUS;
    this.#weight = weight;
  }

  isIn(text: string): boolean {
    if (this.#isPlain(text)) return true;
    const once = decoded(text);
    if (once !== text && (this.#isPlain(once) || this.#isPlain(decoded(once)))) return true;
    const runs = once.match(BASE64) ?? [];
    return runs.some((run) => OFFSETS.some((offset) => this.#isPlain(fromBase64(run, offset))));
  }

  #isPlain(text: string): boolean {
    return TENANT_KEY.test(text) || this.#holdsAdminKey(text.toLowerCase());
  }

  /**
   * Compares a rolling hash of each window, with a secret base. Windows with the same hash are
   * compared in constant time.
   */
  #holdsAdminKey(text: string): boolean {
    let sum = 0;
    for (let at = 0; at < text.length; at += 1) {
      sum = this.#add(sum, text.charCodeAt(at));
      const start = at - this.#length;
      if (start >= 0) {
        const gone = (text.charCodeAt(start) * this.#weight) % MODULUS;
        sum = (sum - gone + MODULUS) % MODULUS;
      }
      if (start < -1 || sum !== this.#rolling) continue;
      if (isSecretOf(this.#hash, text.slice(start + 1, at + 1))) return true;
    }
    return false;
  }

  #add(sum: number, code: number): number {
    return (sum * this.#base + code) % MODULUS;
  }
}

function decoded(text: string): string {
  return text.replace(PERCENT, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function fromBase64(text: string, offset: number): string {
  return Buffer.from(text.slice(offset), "base64").toString("latin1");
}
