import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const NONCE = 12;
const TAG = 16;
/** In front of every sealed text; tells it from one of another form, should there ever be one. */
const FORM = "v1.";

/** Keeps texts so that only the server's secret key opens them, each for the tenant it was sealed for. */
export class Sealer {
  readonly #key: Buffer;

  constructor(secretKey: Uint8Array) {
    this.#key = Buffer.from(hkdfSync("sha256", secretKey, "", "isolate secrets of tenants", 32));
  }

  seal(tenant: string, text: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(tenant));
    const sealed = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
    return FORM + Buffer.concat(sealed).toString("base64url");
  }

  /** Throws for what was changed, or sealed for another tenant or with another key. */
  open(tenant: string, sealed: string): string {
    if (!sealed.startsWith(FORM)) throw new Error("Not a sealed text");
    const bytes = Buffer.from(sealed.slice(FORM.length), "base64url");
    if (bytes.length < NONCE + TAG) throw new Error("Too short for a sealed text");
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE), {
      authTagLength: TAG,
    });
    decipher.setAAD(Buffer.from(tenant)).setAuthTag(bytes.subarray(-TAG));
    const text = decipher.update(bytes.subarray(NONCE, -TAG));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  }
}
