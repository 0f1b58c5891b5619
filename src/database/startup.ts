import type { Socket } from "node:net";

const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const MAJOR_VERSION = 3;
const HEAD_BYTES = 8;
/** The server's own limit. */
const MAX_BYTES = 10_000;
const WITHIN = 5_000;

/**
 * Reads what a client opens a connection with, up to its first message. What it says of user and
 * database is not looked at: whose connection this is has been decided elsewhere. Resolves with
 * whether it wants to go on, and rejects for what is no start of one; the socket is paused.
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
            // As at the server, each once: answers that nobody reads would fill this memory.
            if (offered.has(packet)) throw new Error("It is no protocol of ours");
            offered.add(packet);
            client.write("N");
          }
          // The key it would have to know is not given out.
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
    /** Takes one packet off what has arrived: the number it begins with. */
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
