/** Name of the socket in a slot's directory; the proxy listens under no other one. */
export const EGRESS_SOCKET = "egress.sock";
/** Bytes of a line, whoever sends it. */
export const MAX_ADMIN_LINE = 262_144;
/** Tells an event from an answer, for the reader at the control plane's end. */
export function isAdminEvent(message) {
  return "event" in message;
}
