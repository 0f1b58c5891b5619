import { randomBytes } from "node:crypto";

/** Most characters of a session's id. */
export const SESSION_ID_LENGTH = 200;

/** Bytes of an id's random part. */
const RANDOM = 16;

/** Makes the id of a session. Its server is in it, because it lives there alone. */
export function sessionId(node: string): string {
  return `${Buffer.from(node).toString("base64url")}.${randomBytes(RANDOM).toString("base64url")}`;
}

/** Reads the server of an id. Anybody can make one, so it proves nothing. */
export function serverOf(id: string): string | undefined {
  const [, node] = /^([\w-]{1,160})\.[\w-]{22}$/.exec(id) ?? [];
  return node && Buffer.from(node, "base64url").toString();
}
