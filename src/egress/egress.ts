import type { DatabaseAccess, EgressAccess } from "../protocol/egress-admin.ts";
import type { Denial } from "../types.ts";

/** The way out of sandboxes: whoever is granted something gets sockets that lead there alone. */
export interface Egress {
  /**
   * Opens the way for one run; it is open when this resolves. Rejects with `EgressUnavailable`
   * while there is no proxy.
   */
  open(run: EgressRun): Promise<EgressLease>;
}

/** What the operator decides for every run, whoever runs the proxy. */
export interface EgressSettings {
  /** Name → address: answers without a resolver. */
  readonly hosts: Readonly<Record<string, string>>;
  /** `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
}

export interface EgressRun {
  /** Unique among the runs that are open. */
  readonly run: string;
  /** The slot's egress socket, and what it leads to. */
  readonly egress?: EgressAccess;
  /** The slot's database socket, and what it leads to. */
  readonly database?: DatabaseAccess;
}

export interface EgressLease {
  /** Ends every connection of the run, and tells what was refused to it. Never rejects. */
  close(): Promise<readonly Denial[]>;
}
