/** Types and limits for a job that answers an HTTP request. */

/** Headers as names and values, in order. A name may occur more than once. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A request as the code gets it, without its body: that is the job's first attachment. */
export interface HttpJob {
  /** Method that a `Request` can have, in upper case. */
  readonly method: string;
  /** Absolute URL, `http:` or `https:`. */
  readonly url: string;
  readonly headers: HeaderList;
  /** Most bytes of the response's body; more is an `OutputLimitError`. */
  readonly maxBytes: number;
  /** True if the client asks for a WebSocket, so that the response may have status 101. */
  readonly isUpgrade?: boolean;
}

/** A response before its body. */
export interface ResponseHead {
  /** Status, 200 to 599, or 101 for a WebSocket. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderList;
}

/** Status of a response by which the connection becomes a WebSocket. */
export const UPGRADED = 101;

/** Credit for the worker: it may send so many more bytes. */
export interface CreditMessage {
  readonly type: "credit";
  readonly bytes: number;
}

export const HTTP_LIMITS = {
  /** Most bytes on their way to the reader of the body, including a fee for each chunk. */
  window: 262_144,
  /** Most bytes of a chunk. */
  chunkBytes: 65_536,
  /** Fee for a chunk beside its bytes, so that empty chunks cannot flood the reader. */
  chunkFee: 512,
  headers: 100,
  /** Most characters of all names and values of a head. */
  headCharacters: 16_384,
} as const;

/** Computes the part of the window that a chunk of the body takes. */
export function chunkCost(bytes: number): number {
  return bytes + HTTP_LIMITS.chunkFee;
}

/** Describes why a response cannot be passed on, judged by its status and header sizes. */
export function headFault(
  status: number,
  headers: { readonly count: number; readonly characters: number },
  isUpgrade = false,
): string | undefined {
  const isStatus = (status >= 200 && status <= 599) || (isUpgrade && status === UPGRADED);
  if (!isStatus) return `A response cannot have the status ${status}`;
  if (headers.count > HTTP_LIMITS.headers) {
    return `A response has ${HTTP_LIMITS.headers} headers at most`;
  }
  if (headers.characters > HTTP_LIMITS.headCharacters) {
    return `The headers of a response have ${HTTP_LIMITS.headCharacters} characters at most`;
  }
  return undefined;
}
