/** A text for one server: a notice on its way, which is no part of a transaction with data. */
export interface AddressedText {
  readonly address: string;
  readonly text: string;
}

/** A text that is too large for a notice, by which its receivers find it. */
export interface KeptText {
  readonly id: string;
  readonly text: string;
}

/** Most bytes of an addressed text. PostgreSQL refuses 8,000. */
export const ADDRESSED_BYTES = 7_900;

/** Messages between servers, and which servers have subscribers. All times are the database's. */
export interface Channels {
  /**
   * States for `lease` ms that a server has subscribers of these tenants, or states it again. Sends
   * a notice `subscribers` for each of which it did not have any before.
   */
  hold(node: string, tenants: readonly string[], lease: number): Promise<void>;
  /** States that a server has no subscribers of these tenants any more. */
  release(node: string, tenants: readonly string[]): Promise<void>;
  /** Lists the servers that have subscribers of a tenant, except one. */
  subscribers(tenant: string, except: string): Promise<string[]>;
  /**
   * Keeps large texts, and sends the others to their addresses, in their order. Rejects if the
   * database's queue of notices is filling up, whose rest is for notices of changes.
   */
  send(kept: readonly KeptText[], texts: readonly AddressedText[]): Promise<void>;
  /** Returns a large text, if it is still there. */
  kept(id: string): Promise<string | undefined>;
  /** Deletes what is older than `age` ms. */
  prune(age: number): Promise<void>;
}
