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
}

export interface Tool {
  readonly definition: ToolDefinition;
  /** Scopes of which the caller's key needs one. */
  readonly needs: readonly Need[];
  /** Calls it with unchecked arguments. Throws for a refusal. */
  call(given: unknown, call: ToolCall): Promise<ToolResult>;
}
