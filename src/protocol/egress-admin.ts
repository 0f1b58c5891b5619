/**
 * Messages between the control plane and the proxy on the admin socket, one JSON object a line.
 * Each request gets one answer with its `id`. Events arrive unrequested in between. A run belongs
 * to the connection that opened it, and ends with that connection.
 */
import type { DatabaseGrant } from "./database-target.ts";
import type { EgressBinding } from "./egress-bindings.ts";

/** Name of the socket in a slot's directory. The proxy listens under no other name. */
export const EGRESS_SOCKET = "egress.sock";

/** Name of the file in a slot's directory with the certificate by which a sandbox knows the proxy. */
export const AUTHORITY_FILE = "authority.pem";

/** Most characters of certificates in PEM that an operator adds. */
export const MAX_CA = 65_536;

/** Most bytes of a line, in both directions. */
export const MAX_ADMIN_LINE = 524_288;

export interface EgressPolicy {
  /** Entries in the grammar of `Allowlist`, 256 at most. */
  readonly allow: readonly string[];
  /** Most requests and tunnels in total, 1 to 1,000,000. Default: the proxy's own limit. */
  readonly requests?: number;
  /** Headers that the proxy puts on requests. Their secrets go nowhere else. Default: none. */
  readonly bindings?: readonly EgressBinding[];
}

export interface OpenRequest {
  readonly id: number;
  readonly op: "open";
  readonly run: string;
  readonly tenant: string;
  /** Access to the network, if granted. */
  readonly egress?: EgressAccess;
  /** Access to the tenant's database, if granted. */
  readonly database?: DatabaseAccess;
}

export interface EgressAccess {
  /** Absolute path of a slot's `egress.sock`. */
  readonly socket: string;
  readonly policy: EgressPolicy;
}

export interface DatabaseAccess extends DatabaseGrant {
  /** Absolute path of a slot's `database.sock`. */
  readonly socket: string;
  /** Milliseconds that the run has left. */
  readonly timeLeft: number;
}

export interface CloseRequest {
  readonly id: number;
  readonly op: "close";
  readonly run: string;
}

/** Sends the operator's settings for runs that this connection opens later. */
export interface ConfigureRequest {
  readonly id: number;
  readonly op: "configure";
  /** Name → address, which answers without a resolver. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Destinations as `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
  /** Addresses and networks of the host, in addition to those that the proxy sees. */
  readonly own?: readonly string[];
  /** Certificates in PEM that bound hosts may be signed by, beside those of the system. */
  readonly ca?: string | undefined;
}

export type AdminRequest = OpenRequest | CloseRequest | ConfigureRequest;

export type AdminErrorCode =
  | "BAD_REQUEST"
  | "BAD_POLICY"
  | "BAD_SETTINGS"
  | "ALREADY_OPEN"
  | "NOT_OPEN"
  | "LISTEN_FAILED";

/**
 * Answer to a request. `report` is present only for `close`. `id` is null if the request's `id`
 * could not be read.
 */
export type AdminAnswer =
  | { readonly id: number; readonly ok: true; readonly report?: RunReport }
  | {
      readonly id: number | null;
      readonly ok: false;
      readonly error: { readonly code: AdminErrorCode; readonly message: string };
    };

/**
 * A destination that a run was refused. `value` is `host:port`, the text that is no such thing, or
 * empty.
 */
export interface DeniedItem {
  readonly kind: "net";
  readonly value: string;
  readonly code: string;
  readonly count: number;
}

/** Total use of the proxy by a run. */
export interface RunReport {
  /** Tunnels that reached their destination. */
  readonly tunnels: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** The first 100 distinct denials. */
  readonly denied: readonly DeniedItem[];
  /** Number of further denials. */
  readonly deniedMore: number;
  /** Number of events not sent. The limit keeps a run from flooding the admin connection. */
  readonly unreported: number;
}

/** Decision on one request. `port` is 0 if none could be read. */
export interface DecisionEvent {
  readonly event: "decision";
  readonly run: string;
  readonly tenant: string;
  readonly host: string;
  readonly port: number;
  /** The address, if the request was resolved to one. */
  readonly address: string | null;
  readonly verdict: "allowed" | "denied";
  /** `ALLOWED`, or the code of the refusal. */
  readonly code: string;
}

/** End of an allowed tunnel, whether or not it reached its destination. */
export interface EndEvent {
  readonly event: "end";
  readonly run: string;
  readonly tenant: string;
  readonly host: string;
  readonly port: number;
  /** The address reached, or the first one that failed. */
  readonly address: string;
  /** `DONE`, or the reason why it was cut. */
  readonly code: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/**
 * Bytes of a run so far, including open tunnels. Sent each second in which the run moved bytes,
 * because a proxy that is killed sends no report.
 */
export interface UsageEvent {
  readonly event: "usage";
  readonly run: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/**
 * Start or end of a database session that outlives its execution. It belongs to no run any more.
 */
export interface SurvivorEvent {
  readonly event: "survivor";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Process id on the database server. */
  readonly pid: number;
  readonly state: "running" | "ended";
  readonly reason: string;
  /** Number of such sessions by now. */
  readonly survivors: number;
}

/**
 * Certificate by which sandboxes know the proxy where it ends TLS for a bound host. Sent first on each
 * connection, and again when it is renewed.
 */
export interface AuthorityEvent {
  readonly event: "authority";
  /** Certificate in PEM. */
  readonly certificate: string;
}

export type AdminEvent = DecisionEvent | EndEvent | UsageEvent | SurvivorEvent | AuthorityEvent;

/** Distinguishes an event from an answer, for the reader in the control plane. */
export function isAdminEvent(message: AdminAnswer | AdminEvent): message is AdminEvent {
  return "event" in message;
}
