import { messageOf } from "../../base/errors.ts";
import { createRXA } from "../archive/archive.ts";
import { ARCHIVE_LIMITS } from "../archive/archive-limits.ts";
import { RegistryError } from "../base/resourcex-errors.ts";
import { fetchBytes } from "./bounded-fetch.ts";
import { Discovery, overHttps, type WellKnown } from "./discovery.ts";
import { createRXM, type RXM } from "./manifest.ts";
import type { RXR } from "./resource.ts";
import { answers, LOCAL_DOMAIN, type StorableRXL, storableOf } from "./storable.ts";

const MAX_MANIFEST_BYTES = 65_536;
/** Milliseconds for one answer. */
const TIMEOUT = 30_000;

export interface RemoteOptions {
  /** The registry asked before any other, for every domain; `http:` is for loopback alone. */
  readonly mirror?: string | undefined;
  /** Default 30,000 milliseconds for each answer. */
  readonly timeout?: number;
  /** Where a domain's registries are listed; a test's own may be on loopback, without TLS. */
  readonly wellKnown?: WellKnown;
}

interface Endpoint {
  readonly url: URL;
  readonly plainLoopback: boolean;
}

/** Registries elsewhere: the mirror, and those each domain names. */
export class Remote {
  readonly #mirror: Endpoint | undefined;
  readonly #discovery: Discovery;
  readonly #timeout: number;
  /** Whether registries that others name may be without TLS. */
  readonly #plainLoopback: boolean;

  /** Throws a `RegistryError` for a mirror that is no URL. */
  constructor({ mirror, timeout = TIMEOUT, wellKnown }: RemoteOptions) {
    this.#mirror = mirror === undefined ? undefined : { url: parse(mirror), plainLoopback: true };
    this.#timeout = timeout;
    this.#plainLoopback = wellKnown !== undefined;
    const plainLoopback = this.#plainLoopback;
    this.#discovery = new Discovery(wellKnown ?? overHttps, { timeout, plainLoopback });
  }

  /**
   * Asks one registry after the other; `undefined` if each says that it is not there. Rejects with
   * a `RegistryError` if none has it and one could not be asked or gave something else.
   */
  async fetch(locator: StorableRXL): Promise<RXR | undefined> {
    if (!isPublicName(locator.domain)) return undefined;
    const failures: unknown[] = [];
    const attempt = async <T>(asking: Promise<T>): Promise<T | undefined> =>
      asking.catch((error: unknown) => {
        failures.push(error);
        return undefined;
      });
    if (this.#mirror !== undefined) {
      const found = await attempt(this.#ask(this.#mirror, locator));
      if (found !== undefined) return found;
    }
    for (const url of (await attempt(this.#discovery.endpoints(locator.domain))) ?? []) {
      const endpoint = { url, plainLoopback: this.#plainLoopback };
      const found = await attempt(this.#ask(endpoint, locator));
      if (found !== undefined) return found;
    }
    if (failures.length === 0) return undefined;
    const reasons = failures.map(messageOf).join("; ");
    throw new RegistryError(`Cannot fetch ${locator}: ${reasons}`, { cause: failures.at(-1) });
  }

  async #ask({ url, plainLoopback }: Endpoint, locator: StorableRXL): Promise<RXR | undefined> {
    const limits = { timeout: this.#timeout, plainLoopback };
    const text = await fetchBytes(query(url, "resource", locator), {
      ...limits,
      maxBytes: MAX_MANIFEST_BYTES,
    });
    if (text === undefined) return undefined;
    const { manifest, given } = parseManifest(text, url);
    if (!answers(locator, given)) throw new RegistryError(`${url.href} answers with ${given}`);
    // By its full name, or another version could be the latest by now.
    const buffer = await fetchBytes(query(url, "content", given), {
      ...limits,
      maxBytes: ARCHIVE_LIMITS.bytes,
    });
    if (buffer === undefined) throw new RegistryError(`${url.href} has no content of ${given}`);
    const archive = await createRXA({ buffer });
    // What cannot be extracted is as good as nothing, and another registry may have better.
    await archive.extract();
    return { locator: given, manifest, archive };
  }
}

/** Addresses and names without a dot are of this host and its network: nobody else's resources. */
function isPublicName(domain: string): boolean {
  const host = domain.replace(/:\d+$/, "");
  return domain !== LOCAL_DOMAIN && /\.[a-z][a-z\d-]*$/i.test(host);
}

function query(endpoint: URL, route: string, locator: StorableRXL): URL {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${route}`;
  url.search = new URLSearchParams({ locator: String(locator) }).toString();
  return url;
}

function parse(mirror: string): URL {
  if (URL.canParse(mirror)) return new URL(mirror);
  throw new RegistryError(`The mirror "${mirror}" is not a URL`);
}

function parseManifest(text: Buffer, url: URL): { manifest: RXM; given: StorableRXL } {
  try {
    const manifest = createRXM(JSON.parse(text.toString()));
    return { manifest, given: storableOf(manifest) };
  } catch (error) {
    throw new RegistryError(`${url.href} answers with no manifest: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
