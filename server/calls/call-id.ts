/** Most characters of a call's id. */
export const CALL_ID_LENGTH = 200;

/** Place of a call: the server that runs its execution, and its number there. */
export interface CallPlace {
  readonly node: string;
  readonly serial: number;
}

/** Makes the id of a call. Its server is in it, so that each server finds the one that waits. */
export function callId({ node, serial }: CallPlace): string {
  return `${Buffer.from(node).toString("base64url")}.${serial}`;
}

/** Reads the id of a call. Anybody can make one, so it proves nothing. */
export function readCallId(id: string): CallPlace | undefined {
  const [, node, serial] = /^([\w-]{1,160})\.([1-9]\d{0,8})$/.exec(id) ?? [];
  if (node === undefined) return undefined;
  return { node: Buffer.from(node, "base64url").toString(), serial: Number(serial) };
}
