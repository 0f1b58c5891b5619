import { messageOf } from "../../base/errors.ts";
import { cutPort } from "../../destinations/host.ts";
import { createRXA } from "../archive/archive.ts";
import { ARCHIVE_LIMITS } from "../archive/archive-limits.ts";
import { RegistryError } from "../base/resourcex-errors.ts";
import { fetchBytes, isPublicName } from "./bounded-fetch.ts";
import { isByName } from "./by-name.ts";
import { assertDigest } from "./digest.ts";
import { Discovery, overHttps, type WellKnown } from "./discovery.ts";
import { type Received, type Spelling, spellingsFor } from "./registry-requests.ts";
import type { RXR } from "./resource.ts";
import { answers, type StorableRXL } from "./storable.ts";

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
  /** Returns the origin of a domain that lists no registries. For tests, likewise. */
  readonly originOf?: (domain: string) => string;
}

interface Endpoint {
  readonly url: URL;
  /** True for one that the registry was opened with, and not learnt from others. */
  readonly isTrusted: boolean;
}

/**
 * Fetches resources from other registries: from the mirror, then from those that a domain lists.
 */
export class Remote {
  readonly #mirror: Endpoint | undefined;
  readonly #discovery: Discovery;
  readonly #originOf: (domain: string) => string;
  readonly #timeout: number;
  /** True if the registries that domains list may be on loopback, without TLS. */
  readonly #trustsListed: boolean;

  /** @throws {RegistryError} For a mirror that is no URL. */
  constructor({ mirror, timeout = TIMEOUT, wellKnown, originOf }: RemoteOptions) {
    this.#originOf = originOf ?? ((domain) => `https://${domain}`);
    this.#mirror = mirror === undefined ? undefined : { url: parse(mirror), isTrusted: true };
    this.#timeout = timeout;
    this.#trustsListed = wellKnown !== undefined;
    const isTrusted = this.#trustsListed;
    this.#discovery = new Discovery(wellKnown ?? overHttps, { timeout, isTrusted });
  }

  /**
   * Asks one registry after the other. Resolves with `undefined` if none has the resource.
   *
   * @throws {RegistryError} If none has it and at least one failed or returned something else.
   */
  async fetch(locator: StorableRXL): Promise<RXR | undefined> {
    if (!isPublicName(cutPort(locator.domain).host)) return undefined;
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
    for (const url of (await attempt(this.#endpoints(locator))) ?? []) {
      const endpoint = { url, isTrusted: this.#trustsListed };
      const found = await attempt(this.#ask(endpoint, locator));
      if (found !== undefined) return found;
    }
    if (failures.length === 0) return undefined;
    const reasons = failures.map(messageOf).join("; ");
    throw new RegistryError(`Cannot fetch ${locator}: ${reasons}`, { cause: failures.at(-1) });
  }

  /** Returns the registries of a domain: those it lists, or the one that a tag's registry is. */
  async #endpoints(locator: StorableRXL): Promise<readonly URL[]> {
    const listed = await this.#discovery.endpoints(locator.domain);
    if (listed.length > 0 || !isByName(locator)) return listed;
    return [new URL(`${this.#originOf(locator.domain)}/api/v1`)];
  }

  /** Asks in the locator's own form, and in the other one if that route or resource is not there. */
  async #ask(endpoint: Endpoint, locator: StorableRXL): Promise<RXR | undefined> {
    for (const spelling of spellingsFor(locator)) {
      const found = await this.#askIn(spelling, endpoint, locator);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #askIn(
    { url: place, text, read }: Spelling,
    { url, isTrusted }: Endpoint,
    locator: StorableRXL,
  ): Promise<RXR | undefined> {
    const trusted = isTrusted ? url.origin : undefined;
    const limits = { timeout: this.#timeout, trusted };
    const body = await fetchBytes(place(url, "resource", text(locator)), {
      ...limits,
      maxBytes: MAX_MANIFEST_BYTES,
    });
    if (body === undefined) return undefined;
    const { manifest, locator: given, digest } = parseManifest(body, url, locator, read);
    if (!answers(locator, given)) throw new RegistryError(`${url.href} answers with ${given}`);
    // Fetched by its full name, because another version may be the latest by now.
    const buffer = await fetchBytes(place(url, "content", text(given)), {
      ...limits,
      maxBytes: ARCHIVE_LIMITS.bytes,
    });
    if (buffer === undefined) throw new RegistryError(`${url.href} has no content of ${given}`);
    const archive = await createRXA({ buffer });
    // An archive that cannot be unpacked is useless, and the next registry may have a good one.
    await archive.extract();
    await assertDigest({ digest }, archive);
    await assertDigest(locator, archive);
    return { locator: given, manifest, archive };
  }
}

function parse(mirror: string): URL {
  if (URL.canParse(mirror)) return new URL(mirror);
  throw new RegistryError(`The mirror "${mirror}" is not a URL`);
}

function parseManifest(
  text: Buffer,
  url: URL,
  asked: StorableRXL,
  read: Spelling["read"],
): Received {
  try {
    return read(JSON.parse(text.toString()), asked);
  } catch (error) {
    throw new RegistryError(`${url.href} answers with no manifest: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
