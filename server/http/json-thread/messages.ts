import type { JsonTextParts } from "../../../src/base/json-text.ts";

/** A body to read, or a text of which to say whether it is JSON. One is asked at a time. */
export type Question = Uint8Array | string;

/** An `input` of a body, as text. */
export interface LiftedInput extends JsonTextParts {
  /** The request that has it, in a body with several; `null` for the body itself. */
  readonly of: number | null;
}

export interface ReadBody {
  /** Without its inputs. */
  readonly body: unknown;
  readonly inputs: readonly LiftedInput[];
}

/** The body, or why it cannot be read. */
export interface Verdict {
  readonly read?: ReadBody;
  /** The text again, on one line. */
  readonly checked?: JsonTextParts;
  readonly refused?: { readonly status: 400 | 413; readonly message: string };
}
