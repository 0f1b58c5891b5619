import type { DatabaseAccess, EgressAccess } from "../protocol/egress-admin.ts";
import type { Denial } from "../request/types.ts";

/** The way out of sandboxes: whoever is granted something gets sockets that lead there alone. */
export interface Egress {
  /** Database sessions that outlive their execution. */
  readonly survivors?: number;
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
  /** Addresses and networks that are the host's own, beside those that the proxy sees. */
  readonly own?: readonly string[];
}

export interface EgressRun {
  /** Unique among the runs that are open. */
  readonly run: string;
  readonly tenant: string;
  /** The slot's egress socket, and what it leads to. */
  readonly egress?: EgressAccess;
  /** The slot's database socket, and what it leads to. */
  readonly database?: DatabaseAccess;
  /** Told of what is refused as that happens, as far as the proxy tells of it. */
  readonly onRefused?: ((denial: Denial) => void) | undefined;
}

export interface EgressLease {
  /** Ends every connection of the run, and tells what it has had. Never rejects. */
  close(): Promise<EgressReport>;
}

/** What a run has had of the proxy, and not. */
export interface EgressReport {
  readonly denied: readonly Denial[];
  /** Both ways together; what databases were told and answered is not among them. */
  readonly bytes: number;
}
