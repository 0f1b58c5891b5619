import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { Host } from "../src/destinations/host.ts";
import { HostError } from "../src/destinations/host.ts";
import { Refusal } from "../src/destinations/refusal.ts";

/** Matches the codes of failures that a client may see. */
const CODE = /^[A-Z][A-Z0-9_]{1,60}$/;

/** Certificates that bound hosts may be signed by: the system's, and the operator's. */
export class Trust {
  /** The operator's certificates. */
  readonly own: SecureContext | undefined;

  /** @throws {HostError} If the text holds no certificates. */
  constructor(ca: string | undefined) {
    if (ca === undefined) return;
    const certificates = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    if (certificates === null) throw new HostError("ca: there is no certificate in PEM");
    try {
      this.own = createSecureContext({ ca: certificates });
    } catch {
      throw new HostError("ca: a certificate cannot be read");
    }
  }
}

/**
 * Speaks TLS with a host whose certificate is verified: its signature, its time and its name.
 *
 * @throws {Refusal} `BINDING_FAILED` if it is not, or the host does not answer in time.
 */
export function secureUpstream(
  socket: Socket,
  host: Host,
  secureContext: SecureContext | undefined,
  timeoutMs: number,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const name = host.kind === "name" ? { servername: host.name } : { host: host.address };
    const secure = connect({
      socket,
      ...name,
      ...(secureContext && { secureContext }),
      // HTTP/2 has other heads than those that are checked here.
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
    });
    const fail = (reason?: string): void => {
      clearTimeout(timer);
      secure.destroy();
      socket.destroy();
      const message = "The host of a binding has no certificate that is trusted for its name";
      reject(new Refusal("BINDING_FAILED", message, undefined, reason));
    };
    const timer = setTimeout(() => fail("ETIMEDOUT"), timeoutMs);
    secure.on("error", ({ code }: NodeJS.ErrnoException) => {
      fail(code !== undefined && CODE.test(code) ? code : undefined);
    });
    secure.once("close", () => fail());
    secure.once("secureConnect", () => {
      if (!secure.authorized) {
        fail();
        return;
      }
      clearTimeout(timer);
      resolve(secure);
    });
  });
}
