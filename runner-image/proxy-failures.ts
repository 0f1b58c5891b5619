/** Refusal of the proxy. `target` is `host:port`. */
interface Refused {
  readonly target: string;
  readonly code: string;
  readonly reason?: string | undefined;
}

/**
 * Codes for a host that could not be reached, with the words of the runtime for that. All other
 * codes say that the proxy did not want to.
 */
const FAILURES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  RESOLVE_FAILED:
    "(Connect): dns error: failed to lookup address information: Name or service not known",
  RESOLVE_TIMEOUT:
    "(Connect): dns error: failed to lookup address information: Temporary failure in name resolution",
  DIAL_FAILED: "(Connect): tcp connect error: Connection failed",
  DIAL_TIMEOUT: "(Connect): tcp connect error: Connection timed out (os error 110)",
  UPSTREAM_FAILED: "(SendRequest): connection closed before message completed",
  IDLE_TIMEOUT: "(SendRequest): no byte moved for too long (IDLE_TIMEOUT)",
  ABSOLUTE_TIMEOUT: "(SendRequest): the connection was open for too long (ABSOLUTE_TIMEOUT)",
  BINDING_FAILED: "(Connect): the host could not be reached for its binding (BINDING_FAILED)",
  INTERNAL: "(SendRequest): the egress proxy failed (INTERNAL)",
};

/** Words of the system for its reasons, as the runtime shows them. */
const REASONS: Readonly<Record<string, string>> = {
  __proto__: null as never,
  ECONNREFUSED: "Connection refused (os error 111)",
  ECONNRESET: "Connection reset by peer (os error 104)",
  EHOSTUNREACH: "No route to host (os error 113)",
  ENETUNREACH: "Network is unreachable (os error 101)",
  ETIMEDOUT: "Connection timed out (os error 110)",
};

/** Tells the codes for a host that could not be reached from those for one that is refused. */
export function isFailure(code: string): boolean {
  return FAILURES[code] !== undefined;
}

/**
 * Describes a refusal as the runtime describes a failure of `fetch`, behind "client error ".
 *
 * @example
 * failureText({ target: "x.org:443", code: "DIAL_FAILED", reason: "ECONNREFUSED" }) // "(Connect): tcp connect error: Connection refused (os error 111)"
 */
export function failureText({ target, code, reason = "" }: Refused): string {
  const failure = FAILURES[code];
  if (failure === undefined) return `(Connect): the egress proxy refused ${target}: ${code}`;
  const words = code === "DIAL_FAILED" ? REASONS[reason] : undefined;
  return words === undefined ? failure : `(Connect): tcp connect error: ${words}`;
}
