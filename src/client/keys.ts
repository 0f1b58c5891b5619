import { segment, type Transport } from "./transport.ts";
import type { KeyInfo, KeyRequest, NewKey } from "./types.ts";

/** Manages the keys of the tenant, as far as the client's own key reaches. */
export class KeysClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Creates a key that may no more than the client's own. Only this answer shows it. */
  create(request: KeyRequest = {}): Promise<NewKey> {
    return this.#transport.json("/keys", { method: "POST", body: request });
  }

  async list(): Promise<KeyInfo[]> {
    return (await this.#transport.json<{ keys: KeyInfo[] }>("/keys")).keys;
  }

  async revoke(id: string): Promise<void> {
    await this.#transport.send(`/keys/${segment(id)}`, { method: "DELETE" });
  }
}
