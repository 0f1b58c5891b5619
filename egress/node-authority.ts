import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { formatHost, type Host } from "../src/destinations/host.ts";
import { type CertificateSpec, writeCertificate } from "./certificate.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Life of the authority. It is made anew when a third of it is left. */
const AUTHORITY_LIFE = 90 * DAY;
const LEAF_LIFE = DAY;
/** Time by which a sandbox's clock may be behind. */
const SKEW = HOUR;
/** Most hosts whose certificates are kept. */
const MAX_LEAVES = 512;

interface Leaf {
  readonly context: SecureContext;
  readonly until: number;
}

/** Keys and names of one authority. */
interface Authority {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly certificate: string;
  readonly until: number;
}

/**
 * Certificate authority of this node. Its key is in the memory of this process and nowhere else.
 * Sandboxes trust its certificate, and nobody else does.
 */
export class NodeAuthority {
  readonly #now: () => number;
  readonly #leaves = new Map<string, Leaf>();
  /** Key of all certificates for hosts. */
  readonly #leafKey = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  #authority: Authority;
  /** Receives the certificate of a new authority. */
  onRenewed = (_certificate: string): void => {};

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#authority = this.#make();
  }

  /** Certificate that sandboxes trust, in PEM. */
  get certificate(): string {
    return this.#authority.certificate;
  }

  /** Returns what a server needs to speak as a host. */
  contextFor(host: Host): SecureContext {
    this.#renew();
    const name = formatHost(host);
    const kept = this.#leaves.get(name);
    if (kept !== undefined && kept.until > this.#now()) return kept.context;
    const [first] = this.#leaves.keys();
    if (first !== undefined && this.#leaves.size >= MAX_LEAVES) this.#leaves.delete(first);
    const leaf = { context: this.#issue(host), until: this.#now() + LEAF_LIFE / 2 };
    this.#leaves.set(name, leaf);
    return leaf.context;
  }

  #issue(host: Host): SecureContext {
    const { name, privateKey } = this.#authority;
    const cert = writeCertificate({
      issuer: name,
      subject: "Isolate egress proxy",
      host,
      publicKey: this.#leafKey.publicKey,
      signingKey: privateKey,
      ...this.#life(LEAF_LIFE),
    });
    const key = this.#leafKey.privateKey.export({ format: "pem", type: "pkcs8" });
    return createSecureContext({ key, cert });
  }

  #renew(): void {
    if (this.#authority.until - this.#now() > AUTHORITY_LIFE / 3) return;
    this.#authority = this.#make();
    this.#leaves.clear();
    this.onRenewed(this.certificate);
  }

  #make(): Authority {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const name = `Isolate node ${randomBytes(8).toString("hex")}`;
    const life = this.#life(AUTHORITY_LIFE);
    const spec: CertificateSpec = {
      issuer: name,
      subject: name,
      publicKey,
      signingKey: privateKey,
      ...life,
    };
    return { name, privateKey, certificate: writeCertificate(spec), until: life.to.getTime() };
  }

  #life(milliseconds: number): { readonly from: Date; readonly to: Date } {
    const now = this.#now();
    return { from: new Date(now - SKEW), to: new Date(now + milliseconds) };
  }
}
