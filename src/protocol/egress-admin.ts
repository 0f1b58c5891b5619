/**
 * What the control plane and the proxy say to each other on the admin socket: one JSON object a
 * line. Each request gets one answer with its `id`; events come unasked in between. A run belongs to
 * the connection that opened it and ends with that connection.
 */
import type { DatabaseGrant } from "./database-target.ts";

/** Name of the socket in a slot's directory; the proxy listens under no other one. */
export const EGRESS_SOCKET = "egress.sock";

/** Bytes of a line, whoever sends it. */
export const MAX_ADMIN_LINE = 262_144;

export interface EgressPolicy {
  /** Entries as `Allowlist` reads them, 256 at most. */
  readonly allow: readonly string[];
}

export interface OpenRequest {
  readonly id: number;
  readonly op: "open";
  readonly run: string;
  readonly tenant: string;
  /** The way to the network, if there is to be one. */
  readonly egress?: EgressAccess;
  /** The way to the tenant's database, if there is to be one. */
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
  /** Milliseconds the run has left. */
  readonly timeLeft: number;
}

export interface CloseRequest {
  readonly id: number;
  readonly op: "close";
  readonly run: string;
}

/** What the operator decides for the runs that this connection opens from then on. */
export interface ConfigureRequest {
  readonly id: number;
  readonly op: "configure";
  /** Name → address: answers without a resolver. */
  readonly hosts: Readonly<Record<string, string>>;
  /** `host:port` whose private or loopback address may be reached. */
  readonly private: readonly string[];
  /** Addresses and networks that are the host's own, beside those that the proxy sees. */
  readonly own?: readonly string[];
}

export type AdminRequest = OpenRequest | CloseRequest | ConfigureRequest;

export type AdminErrorCode =
  | "BAD_REQUEST"
  | "BAD_POLICY"
  | "BAD_SETTINGS"
  | "ALREADY_OPEN"
  | "NOT_OPEN"
  | "LISTEN_FAILED";

/** `report` answers a `close` alone. `id` is null where the request's own could not be read. */
export type AdminAnswer =
  | { readonly id: number; readonly ok: true; readonly report?: RunReport }
  | {
      readonly id: number | null;
      readonly ok: false;
      readonly error: { readonly code: AdminErrorCode; readonly message: string };
    };

/** Something a run did not get: `value` is `host:port`, what could not be read as such, or empty. */
export interface DeniedItem {
  readonly kind: "net";
  readonly value: string;
  readonly code: string;
  readonly count: number;
}

/** What a run used of the proxy, all of it. */
export interface RunReport {
  /** Tunnels that reached their destination. */
  readonly tunnels: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** The first 100 distinct ones. */
  readonly denied: readonly DeniedItem[];
  /** Denials beyond those. */
  readonly deniedMore: number;
  /** Events that were held back, so that a run cannot flood the admin connection. */
  readonly unreported: number;
}

/** What was decided on one request. `port` is 0 where none could be read. */
export interface DecisionEvent {
  readonly event: "decision";
  readonly run: string;
  readonly tenant: string;
  readonly host: string;
  readonly port: number;
  /** The address it is about, if the request got as far as having one. */
  readonly address: string | null;
  readonly verdict: "allowed" | "denied";
  /** `ALLOWED`, or the code the client was refused with. */
  readonly code: string;
}

/** The end of a tunnel that was allowed, whether or not it reached its destination. */
export interface EndEvent {
  readonly event: "end";
  readonly run: string;
  readonly tenant: string;
  readonly host: string;
  readonly port: number;
  /** The address that was reached, or the first one that was not. */
  readonly address: string;
  /** `DONE`, or why it was cut. */
  readonly code: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/**
 * What a run has moved so far, by tunnels that are open as well. Told each second in which it has moved
 * something: a proxy that is killed sends no report.
 */
export interface UsageEvent {
  readonly event: "usage";
  readonly run: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** A database session that outlives its execution, and its end. It has no run any more. */
export interface SurvivorEvent {
  readonly event: "survivor";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Of the server's process. */
  readonly pid: number;
  readonly state: "running" | "ended";
  readonly reason: string;
  /** How many there are by now. */
  readonly survivors: number;
}

export type AdminEvent = DecisionEvent | EndEvent | UsageEvent | SurvivorEvent;

/** Tells an event from an answer, for the reader at the control plane's end. */
export function isAdminEvent(message: AdminAnswer | AdminEvent): message is AdminEvent {
  return "event" in message;
}
