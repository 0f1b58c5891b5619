import type { ResultForm } from "../../protocol/messages.ts";

/** Differences of the call of a resource type from that of a request's code. */
export interface TypeCall {
  /** Further arguments of the entry, after the input. Default none. */
  readonly attachments?: readonly Uint8Array[];
  /** Form of the result. Default `json`. */
  readonly result?: ResultForm;
  /** Most bytes of its code. */
  readonly codeLimit: number;
}
