import type { JsonTextParts } from "../../../src/base/json-text.ts";
import type { LogEntry } from "../../../src/request/types.ts";

/** Question to the thread, one at a time: a body to read, a text to check for JSON, or logs. */
export type Question = Uint8Array | string | LogsToTranslate;

/** Logs with frames of a bundle, and the bundle's source map. */
export interface LogsToTranslate {
  readonly logs: readonly LogEntry[];
  readonly map: string;
}

/** An `input` taken out of a body, as text. */
export interface LiftedInput extends JsonTextParts {
  /**
   * Index of the request that has it, in a body with several. `null` stands for the body itself,
   * `arguments` for those of a call over MCP.
   */
  readonly of: number | "arguments" | null;
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
  /** The logs with frames of the bundle's files. */
  readonly translated?: LogEntry[];
  readonly refused?: { readonly status: 400 | 413; readonly message: string };
}
