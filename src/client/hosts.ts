import { segment, type Transport } from "./transport.ts";
import type { HostInfo } from "./types.ts";

/** Manages host names by which the tenant's functions are served. */
export class HostsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Asks for a name, or has another function answer. Without a function, the first part of a path
   * names one.
   */
  put(host: string, request: { readonly function?: string } = {}): Promise<HostInfo> {
    return this.#transport.json(pathOf(host), { method: "PUT", body: request });
  }

  async list(): Promise<HostInfo[]> {
    return (await this.#transport.json<{ hosts: HostInfo[] }>("/hosts")).hosts;
  }

  async delete(host: string): Promise<void> {
    await this.#transport.send(pathOf(host), { method: "DELETE" });
  }
}

function pathOf(host: string): string {
  return `/hosts/${segment(host)}`;
}
