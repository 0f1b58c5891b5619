import type { Denial } from "../types.ts";

/** The way out of sandboxes: whoever is granted hosts gets a socket that leads to those alone. */
export interface Egress {
  /**
   * Opens the way for one run; it is open when this resolves. Rejects with `EgressUnavailable`
   * while there is no proxy.
   */
  open(run: EgressRun): Promise<EgressLease>;
}

export interface EgressRun {
  /** Path of the slot's egress socket. */
  readonly socket: string;
  /** Unique among the runs that are open. */
  readonly run: string;
  /** `host` or `host:port`, as the plan has them. */
  readonly allow: readonly string[];
}

export interface EgressLease {
  /** Ends every connection of the run, and tells what was refused to it. Never rejects. */
  close(): Promise<readonly Denial[]>;
}
