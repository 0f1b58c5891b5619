import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeCertificate } from "../../egress/certificate.ts";
import { parseHost } from "../../src/destinations/host.ts";

/** Key and certificate of a server, in PEM. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

const DAY = 86_400_000;

/** An authority of a test's own, which nobody trusts unless told so. */
export class TestAuthority {
  readonly certificate: string;
  readonly #name = "Authority of a test";
  readonly #key: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    this.#key = privateKey;
    this.certificate = this.#sign(this.#name, publicKey, {});
  }

  /** Makes the identity of a host. With `expired`, its certificate ended yesterday. */
  identity(host: string, { expired = false } = {}): ServerIdentity {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const cert = this.#sign("A host of a test", publicKey, { host, expired });
    return { key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(), cert };
  }

  #sign(
    subject: string,
    publicKey: KeyObject,
    { host, expired = false }: { host?: string; expired?: boolean },
  ): string {
    const now = Date.now() - (expired ? 2 * DAY : 0);
    return writeCertificate({
      issuer: this.#name,
      subject,
      ...(host !== undefined && { host: parseHost(host) }),
      from: new Date(now - DAY),
      to: new Date(now + DAY),
      publicKey,
      signingKey: this.#key,
    });
  }
}
