/** What passes between the control plane and a sandbox for a job that answers an HTTP request. */

/** Names and values, in order; a name may come more than once. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A request as the code gets it, but for its body: that is the job's first attachment. */
export interface HttpJob {
  /** One of those a `Request` can have, in upper case. */
  readonly method: string;
  /** Absolute, `http:` or `https:`. */
  readonly url: string;
  readonly headers: HeaderList;
  /** Most bytes of the response's body; more is an `OutputLimitError`. */
  readonly maxBytes: number;
}

/** A response before its body. */
export interface ResponseHead {
  /** 200 to 599. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HeaderList;
}

/** Lets the worker send so much more. */
export interface CreditMessage {
  readonly type: "credit";
  readonly bytes: number;
}

export const HTTP_LIMITS = {
  /** What may be on its way to whoever reads the body: bytes, and a fee for each chunk. */
  window: 262_144,
  /** Bytes of a chunk. */
  chunkBytes: 65_536,
  /** What a chunk costs beside its bytes, so that a flood of empty ones is none. */
  chunkFee: 512,
  headers: 100,
  /** Characters of all names and values of a head. */
  headCharacters: 16_384,
} as const;

/** What a chunk of the body takes of the window. */
export function chunkCost(bytes: number): number {
  return bytes + HTTP_LIMITS.chunkFee;
}

/** What keeps a response from being passed on, as far as its size and status go. */
export function headFault(
  status: number,
  headers: { readonly count: number; readonly characters: number },
): string | undefined {
  if (!(status >= 200 && status <= 599)) return `A response cannot have the status ${status}`;
  if (headers.count > HTTP_LIMITS.headers) {
    return `A response has ${HTTP_LIMITS.headers} headers at most`;
  }
  if (headers.characters > HTTP_LIMITS.headCharacters) {
    return `The headers of a response have ${HTTP_LIMITS.headCharacters} characters at most`;
  }
  return undefined;
}
