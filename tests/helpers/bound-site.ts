import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { TestAuthority } from "./certificates.ts";

/** An HTTPS server on loopback that answers 200 to requests with its key, and 401 to all others. */
export class BoundSite {
  /** Certificate of its authority, in the format of `ISOLATE_EGRESS_CA`. */
  readonly authority: string;
  readonly #server: Server;

  private constructor(names: readonly string[], authorization: string) {
    const authority = new TestAuthority();
    this.authority = authority.certificate;
    this.#server = createServer((request, response) => {
      response.statusCode = request.headers.authorization === authorization ? 200 : 401;
      response.end(request.url);
    });
    for (const name of names) this.#server.addContext(name, authority.identity(name));
  }

  /** Starts it for some names and the header `Authorization` that it takes. */
  static async start(names: readonly string[], authorization: string): Promise<BoundSite> {
    const site = new BoundSite(names, authorization);
    await new Promise<void>((go) => site.#server.listen(0, "127.0.0.1", go));
    return site;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
