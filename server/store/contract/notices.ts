/**
 * A change that other servers should know of at once, by its ids. A notice is a hint: whatever
 * misses it finds out by reading the store. The store itself sends those about tenants, keys,
 * functions, sets of packages, secrets and host names, in the transaction of the change.
 */
export type Notice =
  | { readonly kind: "tenant"; readonly tenant: string }
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "function"; readonly tenant: string; readonly name: string }
  | { readonly kind: "packages"; readonly tenant: string; readonly name: string }
  | { readonly kind: "secret"; readonly tenant: string; readonly name: string }
  | { readonly kind: "host"; readonly tenant: string; readonly name: string }
  /** A server has its first subscriber of a tenant's channels, or has none any more. */
  | { readonly kind: "subscribers"; readonly tenant: string }
  /** A job was cancelled, or an execution is to end. */
  | { readonly kind: "cancel"; readonly tenant: string; readonly id: string }
  /** Jobs wait that no server has claimed. */
  | { readonly kind: "jobs" };

/** Receives the notices of one kind. */
export type OnNotice<Kind extends Notice["kind"]> = (
  notice: Extract<Notice, { kind: Kind }>,
) => void;

/** Notices among the servers that share a store. */
export interface Notices {
  /** True while the notices of every server arrive here. */
  readonly connected: boolean;
  /**
   * Sends a notice to every server, this one included. It never throws and never waits. Equal
   * notices within some milliseconds may arrive as one.
   */
  send(notice: Notice): void;
  /** Adds a receiver. Returns a function that removes it. */
  on<Kind extends Notice["kind"]>(kind: Kind, receive: OnNotice<Kind>): () => void;
  /**
   * Adds a receiver of losses: called when the connection breaks and when it is back, since
   * notices in between are lost. Returns a function that removes it.
   */
  onLoss(receive: () => void): () => void;
  /**
   * Adds a receiver of the texts that servers send to an address. Returns a function that removes
   * it. Nothing arrives at a store that no other server uses.
   */
  onText(address: string, receive: (text: string) => void): () => void;
}
