/** The few messages of PostgreSQL's protocol (3.0) that are written here and not passed on. */

/** A message's type and the length behind it, which counts itself. */
export const HEADER_BYTES = 5;

export const MessageType = {
  authentication: "R",
  backendKeyData: "K",
  commandComplete: "C",
  copyData: "d",
  dataRow: "D",
  emptyQuery: "I",
  error: "E",
  parameterStatus: "S",
  portalSuspended: "s",
  readyForQuery: "Z",
} as const;

/** What a client says goodbye with. */
export const TERMINATE: Buffer = Buffer.from([0x58, 0, 0, 0, 4]);

/** What clients are told that there is no such connection for; SQLSTATE and text. */
export interface DatabaseFault {
  /** Five characters. */
  readonly code: string;
  readonly message: string;
  readonly severity?: "ERROR" | "FATAL";
  readonly hint?: string;
}

export function errorResponse({ code, message, severity = "FATAL", hint }: DatabaseFault): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${message}`];
  if (hint !== undefined) fields.push(`H${hint}`);
  return write(MessageType.error, `${fields.map((field) => `${field}\0`).join("")}\0`);
}

/**
 * What a server says to a client it lets in without a password. The key for cancelling is none:
 * whoever has the real one could cancel from elsewhere.
 */
export function greeting(parameters: ReadonlyMap<string, string>): Buffer {
  return Buffer.concat([
    write(MessageType.authentication, "\0\0\0\0"),
    ...[...parameters].map(([name, value]) =>
      write(MessageType.parameterStatus, `${name}\0${value}\0`),
    ),
    write(MessageType.backendKeyData, "\0\0\0\0\0\0\0\0"),
    write(MessageType.readyForQuery, "I"),
  ]);
}

function write(type: string, body: string): Buffer {
  const bytes = Buffer.from(body, "utf8");
  const head = Buffer.alloc(HEADER_BYTES);
  head.write(type, 0, "latin1");
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}
