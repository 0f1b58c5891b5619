import type { Socket } from "node:net";

const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const MAJOR_VERSION = 3;
const HEAD_BYTES = 8;
/** Most bytes of a packet. The server has the same limit. */
const MAX_BYTES = 10_000;
const WITHIN = 5_000;

/**
 * Reads a client's packets up to its first message. Ignores the user and database in them, because
 * the socket decides whose connection this is. Resolves with false if the client does not go on.
 * Leaves the socket paused.
 *
 * @throws {Error} For bytes that are no start of a connection, or if it takes over 5 s.
 */
export function readStartup(client: Socket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const offered = new Set<number>();
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      client.off("data", onData).off("close", onClosed).pause();
      act();
    };
    const onClosed = (): void => settle(() => resolve(false));
    const timer = setTimeout(() => settle(() => reject(new Error("It took too long"))), WITHIN);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        for (;;) {
          const packet = take();
          if (packet === undefined) return;
          if (packet === SSL_REQUEST || packet === GSS_REQUEST) {
            // Each once, as at the server: unread answers would fill memory here.
            if (offered.has(packet)) throw new Error("It is no protocol of ours");
            offered.add(packet);
            client.write("N");
          }
          // No client has the key that this would need.
          else if (packet === CANCEL_REQUEST) {
            settle(() => resolve(false));
            return;
          } else if (packet >>> 16 !== MAJOR_VERSION) throw new Error("It is no protocol of ours");
          else if (bytes.length > 0) throw new Error("It speaks before it is answered");
          else {
            settle(() => resolve(true));
            return;
          }
        }
      } catch (error) {
        settle(() => reject(error));
      }
    };
    /** Removes one packet from the received bytes. Returns the number at its beginning. */
    function take(): number | undefined {
      if (bytes.length < HEAD_BYTES) return undefined;
      const length = bytes.readUInt32BE(0);
      if (length < HEAD_BYTES || length > MAX_BYTES) throw new Error("It is no protocol of ours");
      if (bytes.length < length) return undefined;
      const code = bytes.readUInt32BE(4);
      bytes = bytes.subarray(length);
      return code;
    }
    client.on("data", onData).once("close", onClosed);
    client.resume();
  });
}
