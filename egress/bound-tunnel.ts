import { clearTimeout, setTimeout } from "node:timers";
import { type SecureContext, TLSSocket } from "node:tls";
import {
  accepted,
  type Destination,
  formatDestination,
  parseAuthority,
} from "../src/destinations/host.ts";
import { Refusal } from "../src/destinations/refusal.ts";
import type { BoundHost } from "./bindings.ts";
import { exchange } from "./exchange.ts";
import { type RequestHead, valuesOf } from "./head.ts";
import { readRequest } from "./read-request.ts";
import { assertForwarded } from "./request-target.ts";
import type { Tunnel } from "./tunnel.ts";
import { secureUpstream, type Trust } from "./upstream-tls.ts";

/** Port of a Host that names none. */
const HTTPS = 443;

/** Parts of a run that a tunnel to a bound host uses. */
export interface BoundTunnel {
  readonly tunnel: Tunnel;
  readonly bound: BoundHost;
  readonly destination: Destination;
  /** Returns the key and certificate with which the proxy speaks as the host. They may be made for it. */
  readonly identity: () => SecureContext;
  readonly trust: Trust;
  /** Milliseconds for the client's handshake and its request's head together. */
  readonly headTimeoutMs: number;
  readonly dialTimeoutMs: number;
}

/**
 * Carries one HTTP request to a bound host. The client's TLS ends here, so that headers can be added.
 * The host is connected to and verified before anything of the request is read. Calls `establish` when
 * the client may begin.
 *
 * @throws {Refusal} If the client has had no answer to its request yet.
 */
export async function serveBoundTunnel(
  options: BoundTunnel,
  rest: Buffer,
  establish: () => void,
): Promise<void> {
  const { tunnel, bound, destination, headTimeoutMs } = options;
  if (bound.scheme !== "https") {
    throw new Refusal("BINDING_PROTOCOL", "The binding of this host is for plain HTTP alone");
  }
  if (rest.length > 0) {
    throw new Refusal("BINDING_PROTOCOL", "The client has sent bytes ahead of the proxy's answer");
  }
  const upstream = await connectSecurely(options);
  const deadline = Date.now() + headTimeoutMs;
  establish();
  const client = await endTls(options, deadline);
  const { request, rest: behind } = await readRequest(client, Buffer.alloc(0), deadline);
  const path = pathOf(request, destination);
  const asked = { ...request, destination, path, isSecure: true };
  await exchange(tunnel, upstream, bound.bind(asked), behind);
}

/** Connects to the host, and once more if only the operator's certificates verify it. */
async function connectSecurely({ tunnel, destination, trust, dialTimeoutMs }: BoundTunnel) {
  try {
    return await secureUpstream(await tunnel.dial(), destination.host, undefined, dialTimeoutMs);
  } catch (error) {
    const { own } = trust;
    const isUntrusted = error instanceof Refusal && error.code === "BINDING_FAILED";
    if (own === undefined || !isUntrusted) throw error;
    return await secureUpstream(await tunnel.dial(), destination.host, own, dialTimeoutMs);
  }
}

/** Ends the client's TLS. Resolves with the socket of its bytes in the clear. */
async function endTls(
  { tunnel, destination, identity }: BoundTunnel,
  deadline: number,
): Promise<TLSSocket> {
  const raw = tunnel.client;
  const client = new TLSSocket(raw, {
    isServer: true,
    secureContext: identity(),
    ALPNProtocols: ["http/1.1"],
  });
  tunnel.speakThrough(client);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => client.destroy(), Math.max(deadline - Date.now(), 1));
    client.once("secure", () => {
      clearTimeout(timer);
      resolve();
    });
    client.once("close", () => {
      clearTimeout(timer);
      reject(new Refusal("BINDING_PROTOCOL", "The client did not speak TLS with HTTP/1.1"));
    });
  });
  const { host } = destination;
  // A host without a name has none to be named by.
  const named = (client as { servername?: string | false | null }).servername || undefined;
  if (named?.toLowerCase() !== (host.kind === "name" ? host.name : undefined)) {
    throw new Refusal("BINDING_HOST", "The TLS connection is for another host than the tunnel");
  }
  return client;
}

/** Returns the path of a request for the bound host itself, in the form of a request to a server. */
function pathOf(request: RequestHead, destination: Destination): string {
  assertForwarded(request.method);
  const [host = ""] = valuesOf(request.fields, "host");
  const meant = accepted(() => parseAuthority(host, HTTPS));
  if (meant === undefined || formatDestination(meant) !== formatDestination(destination)) {
    throw new Refusal("BINDING_HOST", "The request is for another host than the tunnel");
  }
  if (!request.target.startsWith("/") || request.target.includes("#")) {
    throw new Refusal("BAD_REQUEST", "The target is no path");
  }
  return request.target;
}
