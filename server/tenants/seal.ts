import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const NONCE = 12;
const TAG = 16;
/** Prefix of every sealed text. It identifies the form, in case there is another one later. */
const FORM = "v1.";

/** Encrypts texts with the server's secret key, each for one owner: a tenant, or a secret of one. */
export class Sealer {
  readonly #key: Buffer;

  constructor(secretKey: Uint8Array) {
    this.#key = Buffer.from(hkdfSync("sha256", secretKey, "", "isolate secrets of tenants", 32));
  }

  seal(owner: string, text: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(owner));
    const sealed = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
    return FORM + Buffer.concat(sealed).toString("base64url");
  }

  /**
   * Opens a sealed text.
   *
   * @throws {Error} If it was changed, or sealed for another owner or with another key.
   */
  open(owner: string, sealed: string): string {
    if (!sealed.startsWith(FORM)) throw new Error("Not a sealed text");
    const bytes = Buffer.from(sealed.slice(FORM.length), "base64url");
    if (bytes.length < NONCE + TAG) throw new Error("Too short for a sealed text");
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE), {
      authTagLength: TAG,
    });
    decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-TAG));
    const text = decipher.update(bytes.subarray(NONCE, -TAG));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  }
}
