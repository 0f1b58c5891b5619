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
/** Milliseconds for one response. */
const TIMEOUT = 30_000;

export interface RemoteOptions {
  /**
   * URL of the registry that is asked first, for every domain. `http:` is allowed for loopback
   * only.
   */
  readonly mirror?: string | undefined;
  /** Milliseconds for each response. Default 30,000. */
  readonly timeout?: number;
  /**
   * Returns the place where a domain lists its registries. For tests, which use loopback without
   * TLS.
   */
  readonly wellKnown?: WellKnown;
}

interface Endpoint {
  readonly url: URL;
  readonly plainLoopback: boolean;
}

/**
 * Fetches resources from other registries: from the mirror, then from those that a domain lists.
 */
export class Remote {
  readonly #mirror: Endpoint | undefined;
  readonly #discovery: Discovery;
  readonly #timeout: number;
  /** True if the registries that domains list may lack TLS. */
  readonly #plainLoopback: boolean;

  /** @throws {RegistryError} For a mirror that is no URL. */
  constructor({ mirror, timeout = TIMEOUT, wellKnown }: RemoteOptions) {
    this.#mirror = mirror === undefined ? undefined : { url: parse(mirror), plainLoopback: true };
    this.#timeout = timeout;
    this.#plainLoopback = wellKnown !== undefined;
    const plainLoopback = this.#plainLoopback;
    this.#discovery = new Discovery(wellKnown ?? overHttps, { timeout, plainLoopback });
  }

  /**
   * Asks one registry after the other. Resolves with `undefined` if none has the resource.
   *
   * @throws {RegistryError} If none has it and at least one failed or returned something else.
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
    // Fetched by its full name, because another version may be the latest by now.
    const buffer = await fetchBytes(query(url, "content", given), {
      ...limits,
      maxBytes: ARCHIVE_LIMITS.bytes,
    });
    if (buffer === undefined) throw new RegistryError(`${url.href} has no content of ${given}`);
    const archive = await createRXA({ buffer });
    // An archive that cannot be unpacked is useless, and the next registry may have a good one.
    await archive.extract();
    return { locator: given, manifest, archive };
  }
}

/**
 * Tests whether a domain is public. Addresses, and names without a dot, belong to this host and its
 * network.
 */
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
