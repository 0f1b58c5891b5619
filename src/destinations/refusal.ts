/** Header that marks a refusal by the proxy. Answers of hosts are passed on without it. */
export const DENIED_HEADER = "X-Isolate-Denied";

/** Header with the system's reason for a `DIAL_FAILED`, such as `ECONNREFUSED`. */
export const REASON_HEADER = "X-Isolate-Reason";

/** Codes with which a client of a slot's socket may be refused, and their HTTP statuses. */
export const STATUS = {
  BAD_REQUEST: 400,
  BAD_HOST: 400,
  SCHEME_NOT_SUPPORTED: 400,
  UNKNOWN_PROTOCOL: 400,
  BINDING_PATH: 400,
  BINDING_PROTOCOL: 400,
  HOST_NOT_ALLOWED: 403,
  PORT_NOT_ALLOWED: 403,
  ADDRESS_NOT_ALLOWED: 403,
  METADATA_ADDRESS: 403,
  METHOD_NOT_ALLOWED: 405,
  HEAD_TIMEOUT: 408,
  BINDING_HOST: 421,
  LIMIT_CONNECTIONS: 429,
  LIMIT_TENANT: 429,
  LIMIT_TUNNELS: 429,
  LIMIT_BYTES: 429,
  HEAD_TOO_LARGE: 431,
  INTERNAL: 500,
  RESOLVE_FAILED: 502,
  DIAL_FAILED: 502,
  UPSTREAM_FAILED: 502,
  BINDING_FAILED: 502,
  RESOLVE_TIMEOUT: 504,
  DIAL_TIMEOUT: 504,
  IDLE_TIMEOUT: 504,
  ABSOLUTE_TIMEOUT: 504,
} as const;

export type RefusalCode = keyof typeof STATUS;

const REASON: Record<number, string> = {
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  408: "Request Timeout",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  504: "Gateway Timeout",
};

/** Thrown when a client is refused. The client sees `message`, so it contains no internals. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  /** The refused address, for the audit log alone. */
  readonly address: string | undefined;
  /** The system's reason, such as `ECONNREFUSED`, for a client that is to see that one. */
  readonly reason: string | undefined;

  constructor(code: RefusalCode, message: string, address?: string, reason?: string) {
    super(message);
    this.code = code;
    this.address = address;
    this.reason = reason;
  }
}

/** Destination of a refused request. `port` is 0 if the request did not name one. */
export interface Subject {
  readonly host: string;
  readonly port: number;
}

/** Formats a refusal as a complete HTTP answer. It is the last one on its connection. */
export function refusalResponse(refusal: Refusal, subject?: Subject): string {
  const status = STATUS[refusal.code];
  const error = { code: refusal.code, message: refusal.message, ...subject };
  const body = JSON.stringify({ error });
  return [
    `HTTP/1.1 ${status} ${REASON[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    `${DENIED_HEADER}: ${refusal.code}`,
    ...(refusal.reason === undefined ? [] : [`${REASON_HEADER}: ${refusal.reason}`]),
    "",
    body,
  ].join("\r\n");
}
