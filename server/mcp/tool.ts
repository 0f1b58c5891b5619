import type { Observer } from "../../src/request/types.ts";
import type { Caller } from "../tenants/auth.ts";
import type { Need } from "../tenants/key-scopes.ts";

/** A tool as clients list it. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

export type ToolContent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly data: string; readonly mimeType: string };

/** Counts the bytes of a result's content, of which a text may be there as a value, too. */
export function sizeOf(content: readonly ToolContent[]): number {
  return content.reduce(
    (sum, part) => sum + (part.type === "text" ? 2 * part.text.length : part.data.length),
    0,
  );
}

/** The result of a call, in the form of the protocol. */
export interface ToolResult {
  readonly content: ToolContent[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: true;
}

/** Context of one call. */
export interface ToolCall {
  readonly caller: Caller;
  readonly requestId: string;
  /** Ends the work once aborted. */
  readonly signal: AbortSignal;
  /** Receives what happens while code runs. */
  readonly observer: Observer;
  /** Keeps the request's share of memory until work has ended that outlives the call. */
  readonly hold: (work: Promise<unknown>) => void;
}

export interface Tool {
  readonly definition: ToolDefinition;
  /** Scopes of which the caller's key needs one. */
  readonly needs: readonly Need[];
  /** Calls it with unchecked arguments. Throws for a refusal. */
  call(given: unknown, call: ToolCall): Promise<ToolResult>;
}
