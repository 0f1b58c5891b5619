import type { JsonTextParts } from "../../../src/base/json-text.ts";

/** Question to the thread, one at a time: a body to read, or a text to check for JSON. */
export type Question = Uint8Array | string;

/** An `input` taken out of a body, as text. */
export interface LiftedInput extends JsonTextParts {
  /** Index of the request that has it, in a body with several; `null` for the body itself. */
  readonly of: number | null;
}

export interface ReadBody {
  /** Body without its inputs. */
  readonly body: unknown;
  readonly inputs: readonly LiftedInput[];
}

/** The body, or the reason why it cannot be read. */
export interface Verdict {
  readonly read?: ReadBody;
  /** The text again, on one line. */
  readonly checked?: JsonTextParts;
  readonly refused?: { readonly status: 400 | 413; readonly message: string };
}
