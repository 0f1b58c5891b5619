import type { JsonTextParts } from "../../src/json-text.ts";

/** Asks the thread to read a body. */
export interface Question {
  readonly id: number;
  readonly bytes: Uint8Array;
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
  readonly refused?: { readonly status: 400 | 413; readonly message: string };
}
