import type { JsonTextParts } from "../../src/json-text.ts";

/** Asks the thread to read a body, or whether a text is JSON. */
export interface Question {
  readonly id: number;
  readonly given: Uint8Array | string;
}

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
  readonly id: number;
  readonly read?: ReadBody;
  /** The text again, on one line. */
  readonly checked?: JsonTextParts;
  readonly refused?: { readonly status: 400 | 413; readonly message: string };
}
