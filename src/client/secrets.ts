import { segment, type Transport } from "./transport.ts";
import type { Secret } from "./types.ts";

/** Manages secrets, which executions name. Their values are never read back. */
export class SecretsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Writes a secret of 8 to 32,768 characters. One with that name gets a new version. */
  put(name: string, value: string): Promise<Secret> {
    return this.#transport.json(pathOf(name), { method: "PUT", body: { value } });
  }

  /** Returns the version of a secret. */
  get(name: string): Promise<Secret> {
    return this.#transport.json(pathOf(name));
  }

  /** Returns a page of secrets, by name. `next` is the `after` of the next page. */
  list(
    query: { after?: string; limit?: number } = {},
  ): Promise<{ secrets: Secret[]; next?: string }> {
    return this.#transport.json("/secrets", { query });
  }

  async delete(name: string): Promise<void> {
    await this.#transport.send(pathOf(name), { method: "DELETE" });
  }
}

function pathOf(name: string): string {
  return `/secrets/${segment(name)}`;
}
