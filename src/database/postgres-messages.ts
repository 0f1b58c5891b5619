/** The few messages of PostgreSQL's protocol (3.0) that are written here and not forwarded. */

/** Bytes of a message's header: its type, and the length, which includes itself. */
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

/** The message with which a client ends its connection. */
export const TERMINATE: Buffer = Buffer.from([0x58, 0, 0, 0, 4]);

/** The reason given to a client that gets no connection. */
export interface DatabaseFault {
  /** SQLSTATE, five characters. */
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
 * Writes the messages for a client that is accepted without a password. The key for cancelling is a
 * dummy: with the real one, a client could cancel from elsewhere.
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
