import { messageOf } from "../../base/errors.ts";
import { isLocal } from "../../destinations/local.ts";
import { RegistryError } from "../base/resourcex-errors.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export interface FetchLimits {
  /** Most bytes of a response's body. */
  readonly maxBytes: number;
  /** Milliseconds for the whole fetch, redirects and body included. */
  readonly timeout: number;
  /**
   * Origin that may belong to this host and its network, and may be `http:` on loopback. All others,
   * those of redirects included, have to be `https:` and public. Default: none.
   */
  readonly trusted?: string | undefined;
}

/**
 * Fetches a URL. Resolves with `undefined` for status 404.
 *
 * @throws {RegistryError} For any other status but 200, and for a response that is too large or too
 * slow. Also for a forbidden URL.
 */
export async function fetchBytes(url: URL, limits: FetchLimits): Promise<Buffer | undefined> {
  const { timeout, maxBytes } = limits;
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await follow(url, limits, signal);
    if (response.status === 200) return await readBody(response, maxBytes);
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    throw new RegistryError(`it answers with status ${response.status}`);
  } catch (error) {
    const why = signal.aborted ? `no complete answer within ${timeout} ms` : reasonOf(error);
    throw new RegistryError(`${url.origin}${url.pathname}: ${why}`, { cause: error });
  }
}

async function follow(start: URL, limits: FetchLimits, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    assertAllowed(url, limits.trusted);
    // Followed by hand, because `fetch` follows redirects from https to http.
    const response = await fetch(url, {
      signal,
      redirect: "manual",
      headers: { "accept-encoding": "identity" },
    });
    if (!REDIRECTS.includes(response.status)) return response;
    await response.body?.cancel();
    url = new URL(response.headers.get("location") ?? "", url);
  }
  throw new RegistryError(`more than ${MAX_REDIRECTS} redirects`);
}

function assertAllowed(url: URL, trusted: string | undefined): void {
  const { protocol, hostname, username, password } = url;
  const isTrusted = url.origin === trusted;
  const secure =
    protocol === "https:" || (isTrusted && protocol === "http:" && isLoopback(hostname));
  if (!secure) throw new RegistryError(`"${protocol}//${hostname}" is not asked: it is not https`);
  if (!isTrusted && !isPublicName(hostname)) {
    throw new RegistryError(`"${hostname}" is not asked: it is no public name`);
  }
  if (username !== "" || password !== "") throw new RegistryError("its URL has a password in it");
}

/**
 * Tests whether a host is public by its name. Addresses, names without a dot and those below
 * `localhost` belong to this host and its network.
 */
export function isPublicName(hostname: string): boolean {
  return /\.[a-z][a-z\d-]*$/i.test(hostname) && !isLocal(hostname);
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const announced = Number(response.headers.get("content-length") ?? 0);
  // The end of the loop also ends the connection.
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (Math.max(size, announced) > maxBytes) {
      throw new RegistryError(`it answers with more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** Returns the cause of a failed fetch: `fetch` puts it into `cause` only. */
function reasonOf(error: unknown): string {
  return messageOf((error as { cause?: unknown })?.cause ?? error);
}
