/** Messages of a WebSocket between the code that answers it and its client. */

/** Parts of messages from code, and what it does with the connection. */
export type SocketPart =
  /** A part of a message, in a buffer of its own. */
  | {
      readonly op: "piece";
      readonly bytes: Uint8Array;
      readonly text: boolean;
      readonly last: boolean;
    }
  /** Says that the code has handled a message. */
  | { readonly op: "taken" }
  | { readonly op: "close"; readonly code: number; readonly reason: string };

/** Events of the connection, for the code. */
export type SocketEvent =
  | { readonly op: "open" }
  | { readonly op: "message"; readonly bytes: Uint8Array; readonly text: boolean }
  | {
      readonly op: "closed";
      readonly code: number;
      readonly reason: string;
      readonly clean: boolean;
    };

/** An event as the worker receives it: texts are texts. */
export type SocketMessage = { readonly type: "socket" } & (
  | Exclude<SocketEvent, { op: "message" }>
  | { readonly op: "message"; readonly data: string | Uint8Array }
);

export const SOCKET_LIMITS = {
  /** Most bytes of a message to code. */
  messageBytes: 1_048_576,
  /** Most bytes of messages on their way to code, with a fee for each. One message always may be. */
  window: 262_144,
  /** Most messages of one connection in either direction. */
  messages: 100_000,
  /** Most bytes of a close reason in UTF-8. */
  reasonBytes: 123,
} as const;

/** Code of an end without any code. */
export const NO_CODE = 1_005;

/** Tells whether code may close a connection with that code. */
export function isCloseCode(code: number): boolean {
  return code === NO_CODE || code === 1_000 || (code % 1 === 0 && code >= 3_000 && code <= 4_999);
}
