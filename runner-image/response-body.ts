import { NativePromise, nextTurn, sizeOfArray } from "./base/primordials.ts";

type Read = () => Promise<Uint8Array | undefined>;

interface Beginning {
  /** Resolves after a turn of the event loop at most. It has the length of a body that has ended. */
  readonly early: Promise<{ readonly length: number | undefined }>;
  /** Returns the next bytes of the body, and `undefined` at its end. */
  readonly next: Read;
}

/**
 * Reads a body up to its second chunk, which shows whether the first one is all of it. Nothing else
 * tells a body that the runtime made of a text from one that code streams.
 */
export function beginning(read: Read): Beginning {
  const first = read();
  let second: Promise<Uint8Array | undefined> | undefined;
  let taken = 0;
  const early = new NativePromise<{ length: number | undefined }>((resolve) => {
    const unknown = { length: undefined };
    const look = async (): Promise<void> => {
      try {
        const bytes = await first;
        if (bytes === undefined) return resolve({ length: 0 });
        second = read();
        if ((await second) === undefined) resolve({ length: sizeOfArray(bytes) });
      } catch {
        // Thrown again by `next()`.
      }
      resolve(unknown);
    };
    void look();
    nextTurn(() => resolve(unknown));
  });
  const next = async (): Promise<Uint8Array | undefined> => {
    taken += 1;
    if (taken === 1) return await first;
    // Begun by the look, whose turn came before this one.
    if (taken === 2 && second !== undefined) return await second;
    return await read();
  };
  return { early, next };
}
