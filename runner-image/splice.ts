export const CHUNK = 65_536;

/**
 * Passes bytes in both directions until both sides have ended. The end of one side is passed on,
 * and the other may continue. Rejects if either connection breaks. Closes nothing. Calls `moved`
 * for each chunk.
 */
export async function splice(one: Deno.Conn, other: Deno.Conn, moved: () => void): Promise<void> {
  await Promise.all([pump(one, other, moved), pump(other, one, moved)]);
}

export async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length; ) sent += await to.write(bytes.subarray(sent));
}

/** Passes bytes in one direction, and then its end. */
export async function pump(from: Deno.Conn, to: Deno.Conn, moved: () => void): Promise<void> {
  const buffer = new Uint8Array(CHUNK);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    moved();
    await writeAll(to, buffer.subarray(0, count));
  }
  await to.closeWrite();
}
