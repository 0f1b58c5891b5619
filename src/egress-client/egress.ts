import type { DatabaseAccess, EgressAccess } from "../protocol/egress-admin.ts";
import type { Denial } from "../request/types.ts";

/**
 * Opens the network for sandboxes. A sandbox with a grant gets sockets that lead to the granted
 * destinations alone.
 */
export interface Egress {
  /** Number of database sessions that outlive their execution. */
  readonly survivors?: number;
  /** Certificate by which sandboxes know the proxy. Absent while there is none. */
  readonly authority?: string | undefined;
  /**
   * Opens the network for one run, and resolves when it is open.
   *
   * @throws {EgressUnavailable} while there is no proxy.
   */
  open(run: EgressRun): Promise<EgressLease>;
}

/** Operator's settings for all runs, whether Isolate or the operator runs the proxy. */
export interface EgressSettings {
  /** Name → address, which answers without a resolver. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Destinations as `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
  /** Addresses and networks of the host, in addition to those that the proxy sees. */
  readonly own?: readonly string[];
  /** Certificates in PEM that bound hosts may be signed by, beside those of the system. */
  readonly ca?: string | undefined;
}

export interface EgressRun {
  /** Identifier, unique among the open runs. */
  readonly run: string;
  readonly tenant: string;
  /** Egress socket of the slot, and the destinations behind it. */
  readonly egress?: EgressAccess;
  /** Database socket of the slot, and the database behind it. */
  readonly database?: DatabaseAccess;
  /** Receives each refusal that the proxy reports, as it happens. */
  readonly onRefused?: ((denial: Denial) => void) | undefined;
}

export interface EgressLease {
  /** Ends all connections of the run, and resolves with its report. Never rejects. */
  close(): Promise<EgressReport>;
}

/** Bytes and refusals of a run. */
export interface EgressReport {
  readonly denied: readonly Denial[];
  /** Bytes in both directions. Those of databases are not included. */
  readonly bytes: number;
}
